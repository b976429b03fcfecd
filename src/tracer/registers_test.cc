// SPDX-License-Identifier: Apache-2.0
#if defined(__x86_64__)
#include "tracer/registers.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>

#include "tracer/call_stub.h"

namespace memseal::tracer {
namespace {

Registers behind(long number, long answer) {
  Registers registers;
  registers.raw.rip = 0x401002;
  registers.raw.orig_rax = static_cast<unsigned long long>(number);
  registers.set_answer(answer);
  return registers;
}

TEST(Registers, an_interrupted_call_is_made_again_from_its_instruction) {
  for (long code : {-512, -513, -514}) {
    Registers after = behind(SYS_pause, code).restarted();
    EXPECT_EQ(after.program_counter(), process::RemoteAddress{0x401000});
    EXPECT_EQ(after.answer(), SYS_pause);
    EXPECT_EQ(after.system_call(), -1);
  }
  Registers block = behind(SYS_nanosleep, -516).restarted();
  EXPECT_EQ(block.answer(), SYS_restart_syscall);
}

TEST(Registers, a_finished_call_and_plain_code_stay_where_they_are) {
  Registers done = behind(SYS_read, 5).restarted();
  EXPECT_EQ(done.program_counter(), process::RemoteAddress{0x401002});
  EXPECT_EQ(done.answer(), 5);
  Registers code = behind(-1, -512).restarted();  // a value, not an answer
  EXPECT_EQ(code.program_counter(), process::RemoteAddress{0x401002});
  EXPECT_EQ(code.answer(), -512);
}

TEST(Registers, a_call_takes_its_arguments_in_the_kernels_order) {
  Registers registers = behind(SYS_read, 5);
  registers.set_call(SYS_mremap, {11, 12, 13, 14, 15, 16});
  EXPECT_EQ(registers.answer(), SYS_mremap);  // rax holds the number
  EXPECT_EQ(registers.system_call(), -1);     // nothing is to be restarted
  for (unsigned i = 0; i < 6; ++i)
    EXPECT_EQ(registers.argument(i), 11 + i);
  EXPECT_EQ(registers.raw.r10, 14u);  // not rcx, which the kernel overwrites
}

TEST(Registers, a_call_by_the_32_bit_door_takes_others) {
  Registers registers = behind(SYS_read, 5);
  registers.set_compat_call(125, {11, 12, 13, 14, 15, 16});
  EXPECT_EQ(registers.answer(), 125);
  EXPECT_EQ(registers.system_call(), -1);
  const unsigned long long in_order[] = {registers.raw.rbx, registers.raw.rcx,
                                         registers.raw.rdx, registers.raw.rsi,
                                         registers.raw.rdi, registers.raw.rbp};
  for (unsigned i = 0; i < 6; ++i)
    EXPECT_EQ(in_order[i], 11 + i);
}

TEST(Registers, other_registers_stay_as_they_are) {
  Registers registers = behind(SYS_pause, -512);
  registers.raw.rbx = 1, registers.raw.rsp = 2, registers.raw.r15 = 3;
  registers.raw.rdi = 4;
  Registers after = registers.restarted();
  EXPECT_EQ(after.raw.rbx, 1u);
  EXPECT_EQ(after.raw.rsp, 2u);
  EXPECT_EQ(after.raw.r15, 3u);
  EXPECT_EQ(after.argument(0), 4u);
}

TEST(Registers, an_answer_is_signed_and_a_program_counter_an_address) {
  Registers registers;
  registers.set_answer(-EPERM);
  EXPECT_EQ(registers.answer(), -EPERM);
  registers.set_program_counter({0x7f0000001234});
  EXPECT_EQ(registers.program_counter(),
            process::RemoteAddress{0x7f0000001234});
}

TEST(Registers, only_waiting_calls_are_spared_an_interruption) {
  Registers wait = behind(SYS_epoll_wait, -EINTR);
  EXPECT_TRUE(spare_interruption(wait));
  EXPECT_EQ(wait.answer(), -514);
  Registers closed = behind(SYS_close, -EINTR);  // the descriptor is gone
  EXPECT_FALSE(spare_interruption(closed));
  EXPECT_EQ(closed.answer(), -EINTR);
  Registers other = behind(SYS_epoll_wait, -EBADF);
  EXPECT_FALSE(spare_interruption(other));
}

TEST(CallStub, as_many_calls_fit_as_its_capacity_says) {
  for (std::size_t size : {300, 433, 1500}) {
    std::size_t most = CallStub::capacity(size);
    std::vector<RemoteCall> calls(most, RemoteCall{1});
    CallStub stub({0x1000}, calls, Registers());
    EXPECT_LE(stub.bytes().size(), size);
    EXPECT_GT(stub.bytes().size() + 56, size);
  }
  EXPECT_EQ(CallStub::capacity(64), 0u);
}

}  // namespace
}  // namespace memseal::tracer
#endif
