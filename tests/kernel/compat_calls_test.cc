// SPDX-License-Identifier: Apache-2.0
// S-39: the second and the third door into an x86-64 kernel: int 0x80, with
// the numbers of i386, and x32, with bit 30 set in the number.
#if defined(__x86_64__)

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(CompatCalls);

constexpr unsigned i386_munmap = 91, i386_mprotect = 125, i386_madvise = 219,
                   i386_mremap = 163, i386_getpid = 20;

/// A call by int 0x80. The kernel clears r8 to r11.
long int80(unsigned number, unsigned long a, unsigned long b, unsigned long c,
           unsigned long d = 0) {
  long answer;
  __asm__ volatile("int $0x80"
                   : "=a"(answer)
                   : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
                   : "r8", "r9", "r10", "r11", "memory");
  return static_cast<int>(answer);
}

bool kernel_has_i386() {
  // Without CONFIG_IA32_EMULATION the instruction faults: ask in a child.
  return in_child([] {
           return int80(i386_getpid, 0, 0, 0) == getpid() ? 0 : 1;
         }) == 0;
}

/// Four pages below 4 GiB, or just above.
char *pages_at(std::uintptr_t at) {
  void *got =
      mmap(reinterpret_cast<void *>(at), 4 * page, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  return got == MAP_FAILED ? nullptr : static_cast<char *>(got);
}

/// The call is refused with EPERM on the sealed page, and its twin succeeds,
/// having been made before any filter was there.
void try_i386(Engine engine, unsigned number, unsigned long third,
              unsigned long fourth = 0) {
  char *twin = pages_at(0x20000000), *sealed = pages_at(0x30000000);
  if (twin == nullptr || sealed == nullptr)
    CHILD_SKIP("no free memory below 4 GiB");
  sealed[page] = 's';
  auto low = [](char *at) { return reinterpret_cast<std::uintptr_t>(at); };
  mprotect(twin, 4 * page, PROT_READ);
  mprotect(sealed, 4 * page, PROT_READ);
  CHILD_ASSERT_GE(int80(number, low(twin) + page, page, third, fourth), 0);
  CHILD_ASSERT_EQ(seal_by(engine, sealed + page, page), 0);
  CHILD_ASSERT_EQ(int80(number, low(sealed) + page, page, third, fourth),
                  -EPERM);
  CHILD_ASSERT_EQ(peek(sealed + page), 's');
}

TEST_P(CompatCalls, OfI386AreRefusedOnSealedPages) {
  if (!kernel_has_i386())
    GTEST_SKIP() << "this kernel has no int 0x80: CONFIG_IA32_EMULATION";
  struct {
    const char *name;
    unsigned number;
    unsigned long third, fourth;
  } const calls[] = {{"munmap", i386_munmap, 0, 0},
                     {"mprotect", i386_mprotect, PROT_NONE, 0},
                     {"mremap", i386_mremap, page, 0},
                     {"madvise", i386_madvise, MADV_DONTNEED, 0}};
  for (const auto &call : calls) {
    SCOPED_TRACE(call.name);
    in_child(
        [&] { try_i386(GetParam(), call.number, call.third, call.fourth); });
  }
}

TEST_P(CompatCalls, OfI386DoNotReachOverThe4GiBBoundary) {
  if (!kernel_has_i386())
    GTEST_SKIP() << "this kernel has no int 0x80: CONFIG_IA32_EMULATION";
  // munmap(0xfffff000, 8192): the sum is taken in 64 bits.
  in_child([engine = GetParam()] {
    char *at = pages_at(0x100000000 - page);
    if (at == nullptr)
      CHILD_SKIP("no free memory around 4 GiB");
    at[page] = 's';
    CHILD_ASSERT_EQ(seal_by(engine, at + page, page), 0);
    CHILD_ASSERT_EQ(int80(i386_munmap, 0xfffff000, 2 * page, 0), -EPERM);
    CHILD_ASSERT_GE(peek(at), 0);
    CHILD_ASSERT_EQ(peek(at + page), 's');
  });
}

/// The same with six arguments: the sixth goes into ebp, which the compiler may
/// need, and below the stack pointer there may be live data.
long int80_with_offset_0(unsigned number, unsigned long a, unsigned long b,
                         unsigned long c, unsigned long d, unsigned long e) {
  long answer;
  __asm__ volatile(
      "sub $128, %%rsp\n\tpush %%rbp\n\txor %%ebp, %%ebp\n\t"
      "int $0x80\n\t"
      "pop %%rbp\n\tadd $128, %%rsp"
      : "=a"(answer)
      : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
      : "r8", "r9", "r10", "r11", "memory", "cc");
  return static_cast<int>(answer);
}

TEST_P(CompatCalls, OfI386DoNotMapOverSealedPages) {
  if (!kernel_has_i386())
    GTEST_SKIP() << "this kernel has no int 0x80: CONFIG_IA32_EMULATION";
  in_child([engine = GetParam()] {
    constexpr unsigned mmap2 = 192;
    char *twin = pages_at(0x20000000), *sealed = pages_at(0x30000000);
    if (twin == nullptr || sealed == nullptr)
      CHILD_SKIP("no free memory below 4 GiB");
    sealed[page] = 's';
    auto map_over = [](char *at) {
      return int80_with_offset_0(mmap2, reinterpret_cast<std::uintptr_t>(at),
                                 page, PROT_READ,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~0ul);
    };
    CHILD_ASSERT_EQ(map_over(twin + page),
                    0x20000000 + static_cast<long>(page));
    CHILD_ASSERT_EQ(seal_by(engine, sealed + page, page), 0);
    CHILD_ASSERT_EQ(map_over(sealed + page), -EPERM);
    CHILD_ASSERT_EQ(peek(sealed + page), 's');
  });
}

TEST_P(CompatCalls, WithArgumentsInMemoryDoNotMapOverSealedPages) {
  if (!kernel_has_i386())
    GTEST_SKIP() << "this kernel has no int 0x80: CONFIG_IA32_EMULATION";
  // i386's first mmap takes a pointer to its arguments, which no filter reads.
  in_child([engine = GetParam()] {
    constexpr unsigned old_mmap = 90;
    char *twin = pages_at(0x20000000), *sealed = pages_at(0x30000000);
    if (twin == nullptr || sealed == nullptr)
      CHILD_SKIP("no free memory below 4 GiB");
    sealed[page] = 's';
    auto map_over = [twin](char *at) {
      auto *arguments = reinterpret_cast<std::uint32_t *>(twin + 3 * page);
      arguments[0] =
          static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(at));
      arguments[1] = page;
      arguments[2] = PROT_READ;
      arguments[3] = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
      arguments[4] = ~0u;
      arguments[5] = 0;
      return int80(old_mmap, reinterpret_cast<std::uintptr_t>(arguments), 0, 0);
    };
    CHILD_ASSERT_EQ(map_over(twin + page),
                    0x20000000 + static_cast<long>(page));
    CHILD_ASSERT_EQ(seal_by(engine, sealed + page, page), 0);
    CHILD_ASSERT_EQ(map_over(sealed + page), -EPERM);
    CHILD_ASSERT_EQ(peek(sealed + page), 's');
  });
}

TEST_P(CompatCalls, OfX32AreRefused) {
  constexpr long x32_bit = 0x40000000;
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    return syscall(x32_bit | SYS_munmap, a.at(1), page);
  });
  ASSERT_TRUE(completed(trial));
  if (trial.control_error == ENOSYS) {
    // x32 is off in this kernel; a filter answers the same.
    EXPECT_TRUE(refused_by_kernel(trial, ENOSYS));
  } else {
    EXPECT_TRUE(refused(trial, filtered() ? ENOSYS : EPERM));
  }
}

}  // namespace
}  // namespace memseal::test

#endif
