// SPDX-License-Identifier: Apache-2.0
#include "seal/programs.h"

#include "filter/compiler.h"
#include "sys/memory.h"
#include "sys/seccomp.h"

namespace memseal {
namespace {

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

class Compilation {
public:
  static Result<Compilation> create(
      std::span<const filter::GuardedRange> ranges,
      const Surroundings &around) {
    auto room = MEMSEAL_TRY(
        Room<bpf::Instruction>::create(std::size_t{2} * bpf::max_instructions));
    auto scratch = MEMSEAL_TRY(Room<PageRange>::create(ranges.size()));
    return Compilation(ranges, around, std::move(room), std::move(scratch));
  }

  Result<Installed> install() {
    auto whole = compile(filter::Part::whole, 0);
    if (whole) {
      MEMSEAL_TRY_VOID(sys::install_filter(for_kernel(*whole)));
      return Installed{1, whole->size()};
    }
    if (whole.error().code != Errc::budget)
      return std::unexpected(whole.error());
    auto first = MEMSEAL_TRY(compile(filter::Part::all_but_moved_from, 0));
    auto second =
        MEMSEAL_TRY(compile(filter::Part::moved_from, bpf::max_instructions));
    const std::span<const sock_filter> both[] = {for_kernel(first),
                                                 for_kernel(second)};
    MEMSEAL_TRY_VOID(sys::rehearse_filters(both));
    for (auto program : both)
      MEMSEAL_TRY_VOID(sys::install_filter(program));
    return Installed{2, first.size() + second.size()};
  }

private:
  Compilation(std::span<const filter::GuardedRange> ranges,
              const Surroundings &around, Room<bpf::Instruction> room,
              Room<PageRange> scratch)
      : ranges_(ranges),
        around_(around),
        room_(std::move(room)),
        scratch_(std::move(scratch)) {}

  Result<bpf::Program> compile(filter::Part part, std::size_t offset) {
    filter::RangeOptions options;
    options.part = part;
    options.heap_end = around_.heap_end;
    options.attachments = around_.attachments.view();
    return filter::compile(ranges_, options,
                           room_.items().subspan(offset, bpf::max_instructions),
                           scratch_.items());
  }

  std::span<const filter::GuardedRange> ranges_;
  const Surroundings &around_;
  Room<bpf::Instruction> room_;
  Room<PageRange> scratch_;
};

}  // namespace

Result<Installed> install_guard(std::span<const filter::GuardedRange> ranges,
                                const Surroundings &around) {
  Compilation compilation = MEMSEAL_TRY(Compilation::create(ranges, around));
  return compilation.install();
}

Result<Installed> install_base(BaseLevel level) {
  auto room =
      MEMSEAL_TRY(Room<bpf::Instruction>::create(bpf::max_instructions));
  auto program = MEMSEAL_TRY(
      filter::compile_base(level, filter::native_architecture(), room.items()));
  MEMSEAL_TRY_VOID(sys::install_filter(for_kernel(program)));
  return Installed{1, program.size()};
}

}  // namespace memseal
