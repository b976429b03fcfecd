// SPDX-License-Identifier: Apache-2.0
// Which calls a keeper sees, asked of the program itself.
#include "keeper/filter.h"

#include <gtest/gtest.h>

#include <vector>

#include "bpf/machine.h"
#include "filter/action.h"

namespace memseal::keeper {
namespace {

using filter::Architecture;
namespace action = filter::action;
using action::allow;
using action::notify;

constexpr std::uint32_t x86_64 = 0xc000003e, i386 = 0x40000003,
                        arm64 = 0xc00000b7, arm = 0x40000028;
constexpr std::uint32_t einval = action::error(22);

struct Call {
  const char *name;
  std::uint32_t number;
  std::vector<std::uint64_t> arguments;
  std::uint32_t answer;
};

std::uint32_t answer_of(Architecture architecture, std::uint32_t audit,
                        const Call &call, const TreeRules &rules = {}) {
  bpf::Instruction storage[most_instructions];
  auto program = compile_filter(architecture, rules, storage);
  if (!program || !bpf::check(program->instructions())) {
    ADD_FAILURE() << "no program that the kernel takes";
    return 0;
  }
  bpf::SyscallData data{.number = static_cast<std::int32_t>(call.number),
                        .architecture = audit};
  for (std::size_t i = 0; i < call.arguments.size(); ++i)
    data.arguments[i] = call.arguments[i];
  return *bpf::run(program->instructions(), data);
}

const Call on_x86_64[] = {
    {"mprotect", 10, {}, notify},
    {"pkey_mprotect", 329, {}, notify},
    {"munmap", 11, {}, notify},
    {"mremap", 25, {}, notify},
    {"brk", 12, {0}, notify},
    {"remap_file_pages", 216, {}, notify},
    {"shmdt", 67, {}, notify},
    {"shmat", 30, {1, 0, 0}, allow},
    {"shmat SHM_REMAP", 30, {1, 0, 040000}, notify},
    {"mmap", 9, {0, 1, 0, 0x22}, allow},
    {"mmap FIXED", 9, {0, 1, 0, 0x32}, notify},
    {"mmap FIXED_NOREPLACE", 9, {0, 1, 0, 0x100022}, allow},
    {"madvise DONTNEED", 28, {0, 1, 4}, notify},
    {"madvise GUARD_REMOVE", 28, {0, 1, 103}, notify},
    {"madvise NORMAL", 28, {0, 1, 0}, allow},
    {"madvise WILLNEED", 28, {0, 1, 3}, allow},
    {"process_madvise DONTNEED", 440, {1, 2, 3, 4}, einval},
    {"process_madvise COLD", 440, {1, 2, 3, 20}, allow},
    {"prctl PR_SET_MM", 157, {35}, action::eperm},
    {"prctl PR_SET_DUMPABLE", 157, {4}, notify},
    {"prctl PR_SET_NAME", 157, {15}, allow},
    {"setuid", 105, {}, notify},
    {"setfsgid", 123, {}, notify},
    {"mseal", 462, {}, allow},
    {"io_uring_setup", 425, {8, 0x1000}, action::eperm},
    {"getpid", 39, {}, allow},
    {"x32 mprotect", 0x4000000a, {}, action::enosys},
    // A tracer made it so: the call is not made.
    {"skipped", 0xffffffff, {}, allow},
};

const Call on_i386[] = {
    {"mprotect", 125, {}, notify},
    {"munmap", 91, {}, notify},
    {"mremap", 163, {}, notify},
    {"brk", 45, {}, notify},
    {"mmap2", 192, {0, 1, 0, 0x22}, allow},
    {"mmap2 FIXED", 192, {0, 1, 0, 0x32}, notify},
    {"old mmap", 90, {}, notify},
    {"madvise DONTNEED", 219, {0, 1, 4}, notify},
    {"ipc shmat", 117, {21}, notify},
    {"ipc shmdt", 117, {22 | 1 << 16}, notify},
    {"ipc semop", 117, {1}, allow},
    {"prctl PR_SET_MM", 172, {35}, action::eperm},
    {"unlink", 10, {}, allow},
    {"io_uring_setup", 425, {8, 0x1000}, action::eperm},
    {"skipped", 0xffffffff, {}, allow},
};

TEST(KeeperFilter, shows_the_keeper_what_changes_mappings) {
  for (const Call &call : on_x86_64)
    EXPECT_EQ(answer_of(Architecture::x86_64, x86_64, call), call.answer)
        << call.name;
}

TEST(KeeperFilter, lets_i386_programs_run_and_shows_their_calls) {
  for (const Call &call : on_i386)
    EXPECT_EQ(answer_of(Architecture::x86_64, i386, call), call.answer)
        << call.name;
}

void expect_nothing_refused(std::span<const Call> calls, std::uint32_t audit) {
  for (const Call &call : calls) {
    std::uint32_t answer = answer_of(Architecture::x86_64, audit, call,
                                     {.unjudged = Unjudged::allowed});
    EXPECT_TRUE(answer == allow || answer == notify) << call.name;
  }
}

TEST(KeeperFilter, of_who_only_watches_refuses_nothing) {
  expect_nothing_refused(on_x86_64, x86_64);
  expect_nothing_refused(on_i386, i386);
}

TEST(KeeperFilter, judges_every_advice_that_a_seal_forbids) {
  for (std::uint64_t advice : {4, 8, 9, 10, 18, 24, 100, 102, 103}) {
    EXPECT_EQ(answer_of(Architecture::x86_64, x86_64,
                        {"madvise", 28, {0, 1, advice}, 0}),
              notify)
        << advice;
  }
}

TEST(KeeperFilter, on_arm64_leaves_32_bit_processes_alone) {
  EXPECT_EQ(answer_of(Architecture::arm64, arm64, {"", 226, {}, 0}), notify);
  EXPECT_EQ(answer_of(Architecture::arm64, arm64, {"", 146, {}, 0}), notify);
  EXPECT_EQ(answer_of(Architecture::arm64, arm64, {"", 0xffffffff, {}, 0}),
            allow);
  EXPECT_EQ(answer_of(Architecture::arm64, arm, {"", 125, {}, 0}), allow);
}

TEST(KeeperFilter, lets_io_uring_be_where_that_is_asked_for) {
  const TreeRules rules{.io_uring = IoUring::allowed};
  EXPECT_EQ(answer_of(Architecture::x86_64, x86_64, {"", 425, {}, 0}, rules),
            allow);
}

}  // namespace
}  // namespace memseal::keeper
