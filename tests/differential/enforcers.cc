// SPDX-License-Identifier: Apache-2.0
#include "differential/enforcers.h"

#include <cerrno>

#include "memseal/seal_types.h"
#include "sys/syscall.h"

namespace memseal::differential {
namespace {

class Native : public Enforcer {
public:
  model::Enforcement flavour() const override {
    return model::Enforcement::native;
  }
  std::optional<int> seal(Address at, std::uint64_t size, std::uint32_t types,
                          std::uint32_t flags, int) override {
    if (types != seal_type::all.bits || flags != 0)
      return std::nullopt;
    return sys::call(sys::nr_mseal, at, size, 0).error();
  }
};

}  // namespace

std::unique_ptr<Enforcer> native_enforcer() {
  return std::make_unique<Native>();
}

}  // namespace memseal::differential
