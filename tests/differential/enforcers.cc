// SPDX-License-Identifier: Apache-2.0
#include "differential/enforcers.h"

#include "sys/huge_files.h"

namespace memseal::differential {
namespace {

/// memseal() itself, by one engine, with whatever it installs.
class RealEngine : public Enforcer {
public:
  explicit RealEngine(test::Engine engine) : engine_(engine) {}
  model::Enforcement flavour() const override {
    return engine_ == test::Engine::native ? model::Enforcement::native
                                           : model::Enforcement::filter;
  }
  bool content_lasts() const override { return true; }
  bool huge_files() const override { return sys::may_map_huge_files(0); }
  int seal(Address at, std::uint64_t size, std::uint32_t types,
           std::uint32_t flags, int) override {
    return test::seal_by(engine_, reinterpret_cast<void *>(at), size, types,
                         flags);
  }

private:
  test::Engine engine_;
};

}  // namespace

std::unique_ptr<Enforcer> real_engine(test::Engine engine) {
  return std::make_unique<RealEngine>(engine);
}

}  // namespace memseal::differential
