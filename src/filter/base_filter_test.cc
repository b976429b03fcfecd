// SPDX-License-Identifier: Apache-2.0
// The base filter, as a table: each call that a level refuses, beside its twin
// that every level allows.
#include <gtest/gtest.h>

#include <vector>

#include "bpf/machine.h"
#include "filter/compiler.h"

namespace memseal::filter {
namespace {

constexpr std::uint32_t allow = 0x7fff0000, eperm = 0x00050001,
                        enosys = 0x00050026;
constexpr std::uint32_t x86_64 = 0xc000003e, i386 = 0x40000003,
                        arm64 = 0xc00000b7, arm = 0x40000028;

class Base {
public:
  Base(BaseLevel level, Architecture architecture) {
    auto program = compile_base(level, architecture, storage_);
    EXPECT_TRUE(program.has_value());
    if (program)
      code_ = program->instructions();
    EXPECT_TRUE(bpf::check(code_).has_value());
  }
  Base(const Base &) = delete;
  Base &operator=(const Base &) = delete;

  std::uint32_t operator()(std::uint32_t audit, std::uint32_t number,
                           std::array<std::uint64_t, 4> a = {}) const {
    bpf::SyscallData data;
    data.number = static_cast<std::int32_t>(number);
    data.architecture = audit;
    std::copy(a.begin(), a.end(), data.arguments);
    return bpf::run(code_, data).value_or(0xdead);
  }

private:
  std::array<bpf::Instruction, 256> storage_;
  std::span<const bpf::Instruction> code_;
};

Architecture process_of(std::uint32_t audit) {
  return audit == x86_64 || audit == i386 ? Architecture::x86_64
                                          : Architecture::arm64;
}

struct Row {
  const char *name;
  std::uint32_t audit, number;
  std::array<std::uint64_t, 4> refused, twin;
  std::uint32_t answer = eperm;
};

// Numbers from the kernel's tables, not from the compiler's.
const Row compatible_rows[] = {
    {"GROWSDOWN", x86_64, 10, {0, 0, 0x01000001}, {0, 0, 1}},
    {"GROWSUP", x86_64, 10, {0, 0, 0x02000001}, {0, 0, 7}},
    {"pkey GROWSDOWN", x86_64, 329, {0, 0, 0x01000000}, {0, 0, 3}},
    {"GROWSDOWN", i386, 125, {0, 0, 0x01000001}, {0, 0, 1}},
    {"pkey GROWSDOWN", i386, 380, {0, 0, 0x01000001}, {0, 0, 1}},
    {"GROWSDOWN", arm64, 226, {0, 0, 0x01000001}, {0, 0, 1}},
    {"pkey GROWSUP", arm64, 288, {0, 0, 0x02000001}, {0, 0, 1}},
    {"GROWSDOWN", arm, 125, {0, 0, 0x01000001}, {0, 0, 1}},
    {"pkey GROWSDOWN", arm, 394, {0, 0, 0x01000001}, {0, 0, 1}},
    {"SHM_REMAP", x86_64, 30, {0, 0, 040000}, {0, 0, 010000}},
    {"SHM_REMAP", i386, 397, {0, 0, 040000}, {0, 0, 0}},
    {"SHM_REMAP", arm64, 196, {0, 0, 040000}, {0, 0, 020000}},
    {"SHM_REMAP", arm, 305, {0, 0, 040000}, {0, 0, 020000}},
    {"DONTNEED", x86_64, 440, {0, 0, 0, 4}, {0, 0, 0, 3}},
    {"DONTNEED", i386, 440, {0, 0, 0, 4}, {0, 0, 0, 20}},
    {"GUARD_INSTALL", arm64, 440, {0, 0, 0, 102}, {0, 0, 0, 21}},
    {"FREE", arm, 440, {0, 0, 0, 8}, {0, 0, 0, 25}},
    {"READ_IMPLIES_EXEC", x86_64, 135, {0x0400000}, {0x0040000}},
    {"READ_IMPLIES_EXEC or more", x86_64, 135, {0xfffffffe}, {0xffffffff}},
    {"READ_IMPLIES_EXEC", i386, 136, {0x0400000}, {0xffffffff}},
    {"READ_IMPLIES_EXEC", arm64, 92, {0x0400000}, {0xffffffff}},
    {"READ_IMPLIES_EXEC", arm, 136, {0x0400000}, {8}},
    {"PR_SET_MM", x86_64, 157, {35, 14}, {38, 1}},
    {"PR_SET_MM", i386, 172, {35}, {36}},
    {"PR_SET_MM", arm64, 167, {35}, {34}},
    {"PR_SET_MM", arm, 172, {35}, {15}},
    {"LAM", x86_64, 158, {0x4002, 6}, {0x1002}},
    {"LAM", i386, 384, {0x4002, 6}, {0x4001}},
    {"huge memfd", x86_64, 319, {0, 4}, {0, 3}},
    {"huge memfd", i386, 356, {0, 5}, {0, 1}},
    {"huge memfd", arm64, 279, {0, 4}, {0, 0}},
    {"huge memfd", arm, 385, {0, 4}, {0, 0}},
    {"shmat inside ipc", i386, 117, {21}, {23}},
    {"shmdt inside ipc, new version", i386, 117, {0x10016}, {1}},
};

TEST(Base, what_an_ordinary_program_never_does_is_refused_at_each_level) {
  for (BaseLevel level : {BaseLevel::compatible, BaseLevel::closed}) {
    for (const Row &row : compatible_rows) {
      Base base(level, process_of(row.audit));
      EXPECT_EQ(base(row.audit, row.number, row.refused), row.answer)
          << row.name << std::hex << " " << row.audit;
      EXPECT_EQ(base(row.audit, row.number, row.twin), allow)
          << row.name << std::hex << " " << row.audit;
    }
  }
}

TEST(Base, calls_whose_memory_arguments_cannot_be_seen_are_refused) {
  Base on_x86(BaseLevel::compatible, Architecture::x86_64);
  EXPECT_EQ(on_x86(i386, 90), eperm);    // the first mmap
  EXPECT_EQ(on_x86(x86_64, 90), allow);  // chmod
  EXPECT_EQ(on_x86(i386, 86), eperm);    // uselib
  EXPECT_EQ(on_x86(x86_64, 134), eperm);
  EXPECT_EQ(on_x86(x86_64, 86), allow);  // link
}

TEST(Base, every_destructive_advice_is_refused_on_another_process_too) {
  Base base(BaseLevel::compatible, Architecture::x86_64);
  for (std::uint32_t advice = 0; advice < 128; ++advice) {
    bool destroys = advice == 4 || advice == 8 || advice == 9 || advice == 10 ||
                    advice == 18 || advice == 24 || advice == 100 ||
                    advice == 102 || advice == 103;
    EXPECT_EQ(base(x86_64, 440, {0, 0, 0, advice}), destroys ? eperm : allow)
        << advice;
  }
}

TEST(Base, the_number_of_a_skipped_call_is_no_x32_number) {
  Base base(BaseLevel::compatible, Architecture::x86_64);
  EXPECT_EQ(base(x86_64, 0xffffffff), allow);
  EXPECT_EQ(base(x86_64, 0xfffffffe), enosys);  // twin
}

TEST(Base, x32_numbers_do_not_exist) {
  for (BaseLevel level : {BaseLevel::compatible, BaseLevel::closed}) {
    Base base(level, Architecture::x86_64);
    EXPECT_EQ(base(x86_64, 0x40000000), enosys);
    EXPECT_EQ(base(x86_64, 0x4000000a), enosys);
    EXPECT_EQ(base(x86_64, 0x3fffffff), allow);
    EXPECT_EQ(base(i386, 0x4000000a), allow);  // the kernel's own ENOSYS
  }
}

TEST(Base, the_closed_level_takes_the_roads_around_the_arguments) {
  struct Closed {
    std::uint32_t audit, io_uring_setup, userfaultfd, ptrace, ioctl, io_destroy;
  };
  const Closed rows[] = {{x86_64, 425, 323, 101, 16, 207},
                         {i386, 425, 374, 26, 54, 246},
                         {arm64, 425, 282, 117, 29, 1},
                         {arm, 425, 388, 26, 54, 244}};
  for (const Closed &row : rows) {
    Base open(BaseLevel::compatible, process_of(row.audit));
    Base closed(BaseLevel::closed, process_of(row.audit));
    for (std::uint32_t number :
         {row.io_uring_setup, row.userfaultfd, row.ptrace, row.io_destroy}) {
      EXPECT_EQ(closed(row.audit, number), eperm) << number;
      EXPECT_EQ(open(row.audit, number), allow) << number;
    }
    // USERFAULTFD_IOC_NEW of /dev/userfaultfd, and its twin TCGETS.
    EXPECT_EQ(closed(row.audit, row.ioctl, {0, 0xaa00}), eperm);
    EXPECT_EQ(closed(row.audit, row.ioctl, {0, 0x5401}), allow);
    EXPECT_EQ(open(row.audit, row.ioctl, {0, 0xaa00}), allow);
  }
}

TEST(Base, what_starts_processes_and_threads_is_never_refused) {
  Base base(BaseLevel::closed, Architecture::x86_64);
  // clone with CLONE_VM|CLONE_VFORK is posix_spawn.
  for (std::uint32_t number : {56u, 57u, 58u, 59u, 60u, 231u, 435u})
    EXPECT_EQ(base(x86_64, number, {0x4100}), allow) << number;
}

TEST(Base, storage_that_is_too_small_is_a_budget_error) {
  std::array<bpf::Instruction, 20> little;
  auto program = compile_base(BaseLevel::closed, Architecture::x86_64, little);
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().code, Errc::budget);
}

}  // namespace
}  // namespace memseal::filter
