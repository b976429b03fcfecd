// SPDX-License-Identifier: Apache-2.0
// An arena is a range that holds every type and may be lowered; the range
// compiler knows the rest.
#include "filter/arena_filter.h"

namespace memseal::filter {

Result<bpf::Program> compile_arena(PageRange reservation,
                                   const ArenaOptions &options,
                                   std::span<bpf::Instruction> storage) {
  RangeOptions range_options;
  range_options.architecture = options.architecture;
  range_options.on_hit = options.on_hit;
  if (options.growth == Growth::refused)
    range_options.placing = Placing::replacing_or_not;
  if (options.lowest == Rung::none)
    range_options.lowered_protection = 0;
  const GuardedRange guarded{reservation, seal_type::all, Downgrade::allowed};
  PageRange scratch = reservation;
  return compile(std::span(&guarded, 1), range_options, storage,
                 std::span(&scratch, 1));
}

}  // namespace memseal::filter
