// SPDX-License-Identifier: Apache-2.0
// The programs that guard ranges, compiled as memseal's engine does it.
#pragma once

#include <span>
#include <vector>

#include "filter/programs.h"

namespace memseal::bench {

/// Empty if the ranges fit not even into two programs. The programs stand in
/// storage that the next call uses again.
inline filter::Programs compile_programs(
    std::span<const filter::GuardedRange> guarded) {
  static bpf::Instruction storage[filter::programs_storage];
  std::vector<PageRange> scratch;
  scratch.reserve(guarded.size());
  for (const auto &g : guarded)
    scratch.push_back(g.range);
  return filter::compile_programs(guarded, {}, storage, scratch)
      .value_or(filter::Programs());
}

}  // namespace memseal::bench
