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

using KernelPrograms =
    InlineVector<KernelProgram, filter::Programs::capacity()>;

KernelPrograms for_kernel(const filter::Programs &programs) {
  KernelPrograms all;
  for (const bpf::Program &program : programs)
    MEMSEAL_ASSERT(all.push_back(for_kernel(program)));
  return all;
}

}  // namespace

Result<RangeFilter> RangeFilter::compile(
    std::span<const filter::GuardedRange> ranges,
    const FilterContext &context) {
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
  return RangeFilter(std::move(storage), programs);
}

Result<void> RangeFilter::check_room(FilterCount before) const {
  if (has_room(before, count_of(programs_)))
    return {};
  return sys::rehearse_filters(for_kernel(programs_).view());
}

Result<FilterCount> RangeFilter::install(FilterCount before) const {
  if (programs_.size() > 1)
    MEMSEAL_TRY_VOID(check_room(before));
  const KernelPrograms all = for_kernel(programs_);
  for (KernelProgram program : all)
    MEMSEAL_TRY_VOID(sys::install_filter(program));
  return count_of(programs_);
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
