// SPDX-License-Identifier: Apache-2.0
// Who enforces the seals of a random program, beside the model.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

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
  /// Pages far from the arena that hold every type, so that trees get deep and
  /// jumps long. Nothing is mapped there.
  virtual std::vector<Address> sealed_elsewhere() const { return {}; }
  /// What a filter takes into account when pages may be huge (S-33).
  virtual std::vector<std::uint64_t> huge_sizes() const {
    return {2U << 20, 1U << 30};
  }
  /// Whether it takes a file for one of huge pages wherever that may be.
  virtual bool huge_files() const { return true; }
  /// Whether it takes the marks of MADV_FREE off what it seals (S-81).
  virtual bool content_lasts() const { return false; }
  /// The answer of a call, made on real memory unless denied before.
  virtual long call(const KernelArena &arena, const Call &call) {
    return arena.make(call);
  }
};

/// How the seals of one program are laid out in filters.
enum class Layout : std::uint8_t {
  program_a_seal,  ///< a stack of small ones, as many calls of memseal() make
  one_program,     ///< one for all, among sixty ranges elsewhere
  split_programs,  ///< the old range of MREMAP_FIXED in a filter of its own
};
std::unique_ptr<Enforcer> filter_in_machine(Layout layout);
/// arm64's numbers and address rules; the calls it allows are made here.
std::unique_ptr<Enforcer> arm64_filter_in_machine();

/// memseal() by this engine, calls made for real.
std::unique_ptr<Enforcer> real_engine(test::Engine engine);

}  // namespace memseal::differential
