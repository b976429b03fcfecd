// SPDX-License-Identifier: Apache-2.0
#include "seal/programs.h"

#include "bpf/kernel_length.h"
#include "filter/compiler.h"
#include "seal/on_violation.h"
#include "sys/memory.h"
#include "sys/seccomp.h"
#include "sys/seccomp_state.h"

namespace memseal {
namespace {

constinit filter::OnViolation on_violation = filter::OnViolation::deny;

/// Memory for what one compilation needs, which is too much for a stack.
template <typename T>
class Room {
public:
  static Result<Room> create(std::size_t count) {
    return Room(MEMSEAL_TRY(sys::map_anonymous(count * sizeof(T))), count);
  }
  Room(Room &&other) noexcept
      : memory_(other.memory_), count_(other.count_), owns_(other.owns_) {
    other.owns_ = false;
  }
  Room &operator=(Room &&) = delete;
  ~Room() {
    if (owns_)
      (void)sys::unmap(memory_);
  }
  std::span<T> items() {
    return {reinterpret_cast<T *>(memory_.begin()), count_};
  }

private:
  Room(PageRange memory, std::size_t count) : memory_(memory), count_(count) {}
  PageRange memory_;
  std::size_t count_;
  bool owns_ = true;
};

std::span<const sock_filter> for_kernel(const bpf::Program &program) {
  static_assert(sizeof(sock_filter) == sizeof(bpf::Instruction));
  auto instructions = program.instructions();
  return {reinterpret_cast<const sock_filter *>(instructions.data()),
          instructions.size()};
}

std::uint32_t length_of(const bpf::Program &program) {
  return bpf::most_kernel_instructions(program.instructions());
}

Result<Installed> install_one(const bpf::Program &program) {
  MEMSEAL_TRY_VOID(sys::install_filter(for_kernel(program)));
  return Installed{1, length_of(program)};
}

/// Whether the kernel has room for more, for certain. How long the filters of
/// others are cannot be known.
bool has_room(Installed before, std::uint32_t wanted) {
  return before.instructions + wanted <= bpf::kernel_room &&
         sys::filters_on_this_thread() == static_cast<int>(before.programs);
}

class Compilation {
public:
  static Result<Compilation> create(
      std::span<const filter::GuardedRange> ranges,
      const FilterContext &context) {
    auto room = MEMSEAL_TRY(
        Room<bpf::Instruction>::create(std::size_t{2} * bpf::max_instructions));
    auto scratch = MEMSEAL_TRY(Room<PageRange>::create(ranges.size()));
    return Compilation(ranges, context, std::move(room), std::move(scratch));
  }

  Result<Installed> install(Installed before) {
    auto whole = compile(filter::Part::whole, 0);
    if (whole)
      return install_one(*whole);
    if (whole.error().code != Errc::budget)
      return std::unexpected(whole.error());
    // The one that forbids least comes first, in case it stays alone.
    auto first = MEMSEAL_TRY(compile(filter::Part::moved_from, 0));
    auto second = MEMSEAL_TRY(
        compile(filter::Part::all_but_moved_from, bpf::max_instructions));
    const std::span<const sock_filter> both[] = {for_kernel(first),
                                                 for_kernel(second)};
    const std::uint32_t length = length_of(first) + length_of(second);
    if (!has_room(before, length))
      MEMSEAL_TRY_VOID(sys::rehearse_filters(both));
    for (auto program : both)
      MEMSEAL_TRY_VOID(sys::install_filter(program));
    return Installed{2, length};
  }

private:
  Compilation(std::span<const filter::GuardedRange> ranges,
              const FilterContext &context, Room<bpf::Instruction> room,
              Room<PageRange> scratch)
      : ranges_(ranges),
        context_(context),
        room_(std::move(room)),
        scratch_(std::move(scratch)) {}

  Result<bpf::Program> compile(filter::Part part, std::size_t offset) {
    filter::RangeOptions options;
    options.part = part;
    options.on_violation = on_violation;
    options.breaks = context_.breaks;
    options.attachments = context_.attachments.view();
    return filter::compile(ranges_, options,
                           room_.items().subspan(offset, bpf::max_instructions),
                           scratch_.items());
  }

  std::span<const filter::GuardedRange> ranges_;
  const FilterContext &context_;
  Room<bpf::Instruction> room_;
  Room<PageRange> scratch_;
};

}  // namespace

Result<Installed> install_guard(std::span<const filter::GuardedRange> ranges,
                                const FilterContext &context,
                                Installed before) {
  Compilation compilation = MEMSEAL_TRY(Compilation::create(ranges, context));
  return compilation.install(before);
}

void set_on_violation(OnViolation reaction) {
  switch (reaction) {
    case OnViolation::deny:
      on_violation = filter::OnViolation::deny;
      return;
    case OnViolation::kill:
      on_violation = filter::OnViolation::kill_process;
      return;
    case OnViolation::trap:
      on_violation = filter::OnViolation::trap;
      return;
  }
}

Result<Installed> install_base(BaseLevel level) {
  auto room =
      MEMSEAL_TRY(Room<bpf::Instruction>::create(bpf::max_instructions));
  auto program = MEMSEAL_TRY(
      filter::compile_base(level, filter::native_architecture(), room.items()));
  return install_one(program);
}

}  // namespace memseal
