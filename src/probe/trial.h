// SPDX-License-Identifier: Apache-2.0
// Attacks, each in a copy of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "probe/attack.h"
#include "probe/forked_copy.h"
#include "probe/verdict.h"
#include "process/process_view.h"
#include "process/refusal.h"

namespace memseal::probe {

/// A copy of a process in which everything is tried; it makes a further copy
/// for each trial.
///
/// A refusal proves nothing unless the same attack works on memory that is not
/// sealed. So each attack is also tried on a twin: private pages of our own
/// with the same protection.
class AttackRunner {
public:
  static Refusable<AttackRunner, process::Refusal> in(ForkedCopy copy);

  Trial attempt(const Attack &attack, const process::Segment &segment);

private:
  struct State {
    std::string mappings;
    std::vector<std::byte> bytes;
    friend bool operator==(const State &, const State &) = default;
  };

  explicit AttackRunner(ForkedCopy copy) : copy_(std::move(copy)) {}
  Result<void> prepare();
  Result<Address> map_pages(std::uint64_t pages);
  Result<Address> twin_of(Protection protection);
  /// What the attack answers on unsealed memory with this protection.
  long control(const Attack &attack, Protection protection);
  const State &state_before(const process::Segment &segment);
  static State look(const ForkedCopy &copy, Address begin, std::uint64_t size);

  ForkedCopy copy_;
  std::uint64_t page_ = 0;
  Address scratch_ = 0;
  std::map<unsigned, Address> twins_;
  std::map<std::pair<const Attack *, unsigned>, long> controls_;
  std::pair<Address, State> before_;
};

}  // namespace memseal::probe
