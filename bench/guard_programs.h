// SPDX-License-Identifier: Apache-2.0
// The programs that guard ranges, compiled as memseal's engine does it: one
// where one suffices, else two.
#pragma once

#include <span>
#include <vector>

#include "bpf/assembler.h"
#include "filter/compiler.h"

namespace memseal::bench {

/// Empty if the ranges fit not even into two programs. The programs stand in
/// storage that the next call uses again.
inline std::vector<bpf::Program> compile_guard(
    std::span<const filter::GuardedRange> guarded) {
  static bpf::Instruction storage[2 * bpf::max_instructions];
  std::vector<PageRange> scratch;
  scratch.reserve(guarded.size());
  for (const auto &g : guarded)
    scratch.push_back(g.range);
  std::vector<bpf::Program> programs;
  auto compile = [&](filter::Part part, std::size_t offset) {
    filter::RangeOptions options;
    options.part = part;
    auto program = filter::compile(
        guarded, options,
        std::span(storage).subspan(offset, bpf::max_instructions), scratch);
    if (program)
      programs.push_back(*program);
    return program.has_value();
  };
  if (!compile(filter::Part::whole, 0) &&
      !(compile(filter::Part::moved_from, 0) &&
        compile(filter::Part::all_but_moved_from, bpf::max_instructions)))
    programs.clear();
  return programs;
}

}  // namespace memseal::bench
