// SPDX-License-Identifier: Apache-2.0
// Who enforces the seals of a random program, beside the model.
#pragma once

#include <cstdint>
#include <memory>

#include "differential/kernel_arena.h"
#include "model/address_space.h"
#include "support/engines.h"

namespace memseal::differential {

class Enforcer {
public:
  virtual ~Enforcer() = default;
  /// Which of the model's flavours this must equal.
  virtual model::Enforcement flavour() const = 0;
  /// memseal(): 0 or an errno. `expected` is the model's answer, for those who
  /// are no engine and take it on trust.
  virtual int seal(Address at, std::uint64_t size, std::uint32_t types,
                   std::uint32_t flags, int expected) = 0;
  /// The answer of a call, made on real memory unless denied before.
  virtual long call(const KernelArena &arena, const Call &call) {
    return arena.make(call);
  }
};

/// memseal() by this engine, calls made for real.
std::unique_ptr<Enforcer> real_engine(test::Engine engine);

}  // namespace memseal::differential
