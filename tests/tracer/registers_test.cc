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
