// SPDX-License-Identifier: Apache-2.0
// Who enforces the seals of a random program, beside the model.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "differential/kernel_arena.h"
#include "model/address_space.h"

namespace memseal::differential {

class Enforcer {
public:
  virtual ~Enforcer() = default;
  /// Which of the model's flavours this must equal.
  virtual model::Enforcement flavour() const = 0;
  /// memseal(): 0 or an errno. `expected` is the model's answer, for those who
  /// are no engine and take it on trust. Nothing: the step is not for them.
  virtual std::optional<int> seal(Address at, std::uint64_t size,
                                  std::uint32_t types, std::uint32_t flags,
                                  int expected) = 0;
  /// The answer of a call, made on real memory unless denied before.
  virtual long call(const KernelArena &arena, const Call &call) {
    return arena.make(call);
  }
};

/// mseal(2) of the running kernel.
std::unique_ptr<Enforcer> native_enforcer();

}  // namespace memseal::differential
