// SPDX-License-Identifier: Apache-2.0
#include "supervisor/call_text.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/mman.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "supervisor/memory_call.h"

namespace memseal::supervisor {
namespace {

seccomp_data call(int number, std::initializer_list<std::uint64_t> arguments) {
  seccomp_data data{};
  data.nr = number;
  data.arch = native_arch;
  std::size_t i = 0;
  for (std::uint64_t argument : arguments)
    data.args[i++] = argument;
  return data;
}

TEST(CallText, names_what_is_asked_for_in_words) {
  EXPECT_EQ(
      call_text(call(SYS_mprotect, {0x1000, 8192, PROT_READ | PROT_WRITE})),
      "mprotect(0x1000, 8192, PROT_READ|PROT_WRITE)");
  EXPECT_EQ(call_text(call(SYS_mprotect, {0x1000, 1, PROT_NONE})),
            "mprotect(0x1000, 1, PROT_NONE)");
  EXPECT_EQ(call_text(call(SYS_munmap, {0xabc000, 4096})),
            "munmap(0xabc000, 4096)");
  EXPECT_EQ(call_text(call(SYS_brk, {0xabc000})), "brk(0xabc000)");
  EXPECT_EQ(call_text(call(SYS_shmdt, {0xabc000})), "shmdt(0xabc000)");
  EXPECT_EQ(call_text(call(SYS_madvise, {0x1000, 4096, MADV_DONTNEED})),
            "madvise(0x1000, 4096, MADV_DONTNEED)");
  EXPECT_EQ(call_text(call(SYS_mmap, {0x1000, 4096, PROT_EXEC,
                                      MAP_PRIVATE | MAP_FIXED, 3, 0x2000})),
            "mmap(0x1000, 4096, PROT_EXEC, MAP_PRIVATE|MAP_FIXED, 3, 0x2000)");
}

TEST(CallText, keeps_bits_and_numbers_that_it_has_no_word_for) {
  EXPECT_EQ(call_text(call(SYS_mprotect, {0, 1, PROT_READ | 0x01000000})),
            "mprotect(0x0, 1, PROT_READ|0x1000000)");
  EXPECT_EQ(call_text(call(SYS_madvise, {0, 1, 77})), "madvise(0x0, 1, 77)");
  EXPECT_EQ(call_name(call(99999, {})), "call 99999");
}

#if defined(__x86_64__)
TEST(CallText, does_not_take_32_bit_numbers_for_its_own) {
  seccomp_data data = call(SYS_mprotect, {});
  data.arch = AUDIT_ARCH_I386;
  EXPECT_EQ(call_name(data), "32-bit call 10");
  EXPECT_EQ(call_text(data), "32-bit call 10(0x0, 0x0, 0x0, 0x0, 0x0, 0x0)");
}
#endif

}  // namespace
}  // namespace memseal::supervisor
