// SPDX-License-Identifier: Apache-2.0
// The compiled filter in the interpreter, in front of the real kernel.
//
// No filter is installed: programs are compiled as the engine would, each call
// is shown to all of them, and what they allow is made on memory that is not
// sealed. So what differs from the model is the compiler's doing.
#include <linux/audit.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "bpf/machine.h"
#include "differential/enforcers.h"
#include "filter/compiler.h"

namespace memseal::differential {
namespace {

constexpr std::uint32_t action_allow = 0x7fff0000, action_errno = 0x00050000,
                        action_mask = 0xffff0000;

/// The number of the same call on arm64: scripts/syscall.tbl.
std::int32_t number_on_arm64(long number) {
  switch (number) {
    case SYS_mmap:
      return 222;
    case SYS_munmap:
      return 215;
    case SYS_mremap:
      return 216;
    case SYS_remap_file_pages:
      return 234;
    case SYS_mprotect:
      return 226;
    case SYS_madvise:
      return 233;
    case SYS_pkey_mprotect:
      return 288;
  }
  std::abort();
}

class InMachine : public Enforcer {
public:
  InMachine(Layout layout, filter::Architecture architecture)
      : layout_(layout), architecture_(architecture) {
    std::vector<bpf::Instruction> storage(256);
    keep(filter::compile_base(BaseLevel::compatible, architecture_, storage));
    for (Address at : sealed_elsewhere())
      held_.add(at, {seal_type::all});
    if (!held_.pages().empty())
      compile(everything_held(), filter::ProgramPart::whole);
  }

  model::Enforcement flavour() const override {
    return model::Enforcement::filter;
  }
  std::vector<std::uint64_t> huge_sizes() const override {
    if (architecture_ == filter::Architecture::x86_64)
      return {2U << 20, 1U << 30};
    return {64U << 10, 2U << 20, 32U << 20, 512U << 20, 1U << 30, 1ull << 34};
  }

  bool huge_files() const override { return layout_ != Layout::program_a_seal; }

  std::vector<Address> sealed_elsewhere() const override {
    std::vector<Address> pages;
    if (layout_ != Layout::one_program)
      return pages;
    // Fibonacci hashing: evenly spread over eight windows of 8 TiB. Each has
    // code of its own, for each set of types.
    for (std::uint64_t i = 1; i <= 60; ++i)
      pages.push_back((i * 0x9e3779b97f4a7c15u >> 18) / page * page);
    return pages;
  }

  int seal(Address at, std::uint64_t size, std::uint32_t types,
           std::uint32_t flags, int expected) override {
    if (expected != 0 || size == 0 || types == 0)
      return expected;
    std::uint64_t whole = (size + page - 1) / page * page;
    for (Address a = at; a != at + whole; a += page)
      held_.add(a, {{types}, flags != 0});
    if (layout_ == Layout::one_program)
      programs_.resize(1);
    std::vector<filter::GuardedRange> ranges;
    if (layout_ == Layout::one_program)
      ranges = everything_held();
    else
      ranges.push_back({*PageRange::create(at, whole, page),
                        {types},
                        flags != 0 ? Downgrade::allowed : Downgrade::refused});
    if (layout_ == Layout::split_programs) {
      compile(ranges, filter::ProgramPart::all_but_moved_from);
      compile(ranges, filter::ProgramPart::moved_from);
    } else {
      compile(ranges, filter::ProgramPart::whole);
    }
    return 0;
  }

  long call(const KernelArena &arena, const Call &call) override {
    bpf::SyscallData data;
    bool here = architecture_ == filter::Architecture::x86_64;
    data.architecture = here ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_AARCH64;
    data.number = here ? static_cast<std::int32_t>(call.number)
                       : number_on_arm64(call.number);
    std::copy_n(call.arguments, 6, data.arguments);
    // Several filters: the kernel takes the lowest action.
    std::uint32_t action = action_allow;
    for (const auto &program : programs_) {
      auto answer = bpf::run(program, data);
      if (!answer)
        std::abort();
      action = std::min(action, *answer);
    }
    if ((action & action_mask) == action_errno)
      return -static_cast<long>(action & 0xffff);
    if (action != action_allow)
      std::abort();
    return arena.make(call);
  }

private:
  using Instructions = std::vector<bpf::Instruction>;

  /// Equal neighbours in one range, as the engine's table has them.
  std::vector<filter::GuardedRange> everything_held() const {
    std::vector<filter::GuardedRange> ranges;
    for (const auto &[at, held] : held_.pages()) {
      Downgrade downgrade =
          held.lowerable ? Downgrade::allowed : Downgrade::refused;
      if (!ranges.empty() && ranges.back().range.end() == at &&
          ranges.back().types == held.types &&
          ranges.back().downgrade == downgrade) {
        PageRange before = ranges.back().range;
        ranges.back().range =
            *PageRange::create(before.begin(), before.size() + page, page);
      } else {
        ranges.push_back(
            {*PageRange::create(at, page, page), held.types, downgrade});
      }
    }
    return ranges;
  }

  void compile(const std::vector<filter::GuardedRange> &ranges,
               filter::ProgramPart part) {
    Instructions storage(4096);
    std::vector<PageRange> scratch(ranges.size(), ranges[0].range);
    filter::RangeOptions options{.architecture = architecture_, .part = part};
    if (!huge_files())
      options.huge_files = filter::HugeFiles::none;
    keep(filter::compile(ranges, options, storage, scratch));
  }

  /// The kernel would refuse what `check` refuses.
  void keep(Result<bpf::Program> program) {
    if (!program || !bpf::check(program->instructions()))
      std::abort();
    auto instructions = program->instructions();
    programs_.emplace_back(instructions.begin(), instructions.end());
  }

  Layout layout_;
  filter::Architecture architecture_;
  model::HeldSeals held_{page};
  std::vector<Instructions> programs_;
};

}  // namespace

std::unique_ptr<Enforcer> filter_in_machine(Layout layout) {
  return std::make_unique<InMachine>(layout, filter::Architecture::x86_64);
}

std::unique_ptr<Enforcer> arm64_filter_in_machine() {
  return std::make_unique<InMachine>(Layout::one_program,
                                     filter::Architecture::arm64);
}

}  // namespace memseal::differential
