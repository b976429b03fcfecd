// SPDX-License-Identifier: Apache-2.0
#include "filter/programs.h"

#include "base/assert.h"
#include "bpf/kernel_length.h"

namespace memseal::filter {

FilterCount &FilterCount::operator+=(const FilterCount &more) {
  programs += more.programs;
  kernel_instructions += more.kernel_instructions;
  return *this;
}

FilterCount count_of(const bpf::Program &program) {
  return {1, bpf::most_kernel_instructions(program.instructions())};
}

FilterCount count_of(const Programs &programs) {
  FilterCount count;
  for (const bpf::Program &program : programs)
    count += count_of(program);
  return count;
}

Result<Programs> compile_programs(std::span<const GuardedRange> ranges,
                                  const RangeOptions &options,
                                  std::span<bpf::Instruction> storage,
                                  std::span<PageRange> scratch) {
  MEMSEAL_ASSERT(storage.size() >= programs_storage);
  auto first = storage.first(bpf::max_instructions);
  auto second = storage.subspan(bpf::max_instructions, bpf::max_instructions);
  auto compile_part = [&](ProgramPart part, std::span<bpf::Instruction> into) {
    RangeOptions of_part = options;
    of_part.part = part;
    return compile(ranges, of_part, into, scratch);
  };

  Programs programs;
  auto whole = compile_part(ProgramPart::whole, first);
  if (whole) {
    MEMSEAL_ASSERT(programs.push_back(*whole));
    return programs;
  }
  if (whole.error().code != Errc::budget ||
      asks_supervisor(options.on_violation))
    return std::unexpected(whole.error());
  auto moved_from = MEMSEAL_TRY(compile_part(ProgramPart::moved_from, first));
  auto rest =
      MEMSEAL_TRY(compile_part(ProgramPart::all_but_moved_from, second));
  MEMSEAL_ASSERT(programs.push_back(moved_from) && programs.push_back(rest));
  return programs;
}

}  // namespace memseal::filter
