// SPDX-License-Identifier: Apache-2.0
#include "seal/install_filters.h"

#include "base/inline_vector.h"
#include "bpf/kernel_length.h"
#include "seal/on_violation.h"
#include "sys/owned_pages.h"
#include "sys/seccomp.h"
#include "sys/seccomp_state.h"

namespace memseal {
namespace {

using filter::count_of;
using filter::FilterCount;
using KernelProgram = std::span<const sock_filter>;

constinit OnViolation on_violation = OnViolation::deny;

KernelProgram for_kernel(const bpf::Program &program) {
  static_assert(sizeof(sock_filter) == sizeof(bpf::Instruction));
  auto instructions = program.instructions();
  return {reinterpret_cast<const sock_filter *>(instructions.data()),
          instructions.size()};
}

/// Whether the kernel has room for more, for certain. How long the filters of
/// others are cannot be known.
bool has_room(FilterCount before, FilterCount wanted) {
  return before.kernel_instructions + wanted.kernel_instructions <=
             bpf::kernel_room &&
         sys::filters_on_this_thread() == static_cast<int>(before.programs);
}

Result<FilterCount> install(const filter::Programs &programs,
                            FilterCount before) {
  FilterCount wanted = count_of(programs);
  InlineVector<KernelProgram, filter::Programs::capacity()> all;
  for (const bpf::Program &program : programs)
    MEMSEAL_ASSERT(all.push_back(for_kernel(program)));
  if (all.size() > 1 && !has_room(before, wanted))
    MEMSEAL_TRY_VOID(sys::rehearse_filters(all.view()));
  for (KernelProgram program : all)
    MEMSEAL_TRY_VOID(sys::install_filter(program));
  return wanted;
}

}  // namespace

Result<FilterCount> install_range_filter(
    std::span<const filter::GuardedRange> ranges, const FilterContext &context,
    FilterCount before) {
  constexpr std::size_t storage_size =
      filter::programs_storage * sizeof(bpf::Instruction);
  auto storage = MEMSEAL_TRY(sys::OwnedPages::create(storage_size));
  auto scratch =
      MEMSEAL_TRY(sys::OwnedPages::create(ranges.size() * sizeof(PageRange)));
  filter::RangeOptions options;
  options.on_violation = on_violation;
  options.huge_files = context.huge_files;
  options.breaks = context.breaks;
  options.attachments = context.attachments.view();
  auto programs = MEMSEAL_TRY(
      filter::compile_programs(ranges, options, storage.as<bpf::Instruction>(),
                               scratch.as<PageRange>()));
  return install(programs, before);
}

void set_on_violation(OnViolation wanted) {
  on_violation = wanted;
}

bool violations_are_deadly() {
  return on_violation != OnViolation::deny;
}

Result<FilterCount> install_base_filter(BaseLevel level) {
  auto storage = MEMSEAL_TRY(sys::OwnedPages::create(bpf::max_instructions *
                                                     sizeof(bpf::Instruction)));
  auto program = MEMSEAL_TRY(filter::compile_base(
      level, filter::native_architecture(), storage.as<bpf::Instruction>()));
  MEMSEAL_TRY_VOID(sys::install_filter(for_kernel(program)));
  return count_of(program);
}

}  // namespace memseal
