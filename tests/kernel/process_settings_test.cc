// SPDX-License-Identifier: Apache-2.0
// S-40, S-41, S-42: calls that name no sealed page, but change what other
// calls mean.
#include <linux/prctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(ProcessSettings);

TEST_P(ProcessSettings, ReadMayNotBeMadeToImplyExec) {  // S-40
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    if (syscall(SYS_personality, READ_IMPLIES_EXEC) == -1)
      return -1L;
    return static_cast<long>(mprotect(a.at(0), page, PROT_READ));
  });
  if (filtered()) {
    EXPECT_TRUE(refused(trial, EPERM));
  } else {
    EXPECT_TRUE(allowed(trial));
  }
}

TEST_P(ProcessSettings, AskingForThePersonalityIsAllowed) {
  EXPECT_TRUE(allowed(attempt({GetParam()}, [](const Area &) {
    return syscall(SYS_personality, 0xffffffffL) == -1 ? -1L : 0L;
  })));
}

TEST_P(ProcessSettings, OtherPersonalitiesAreAllowed) {
  EXPECT_TRUE(allowed(attempt({GetParam()}, [](const Area &) {
    return syscall(SYS_personality, ADDR_NO_RANDOMIZE) == -1 ? -1L : 0L;
  })));
}

TEST_P(ProcessSettings, AReadImpliesExecPersonalityDoesNotTouchASealedPage) {
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    syscall(SYS_personality, READ_IMPLIES_EXEC);
    return static_cast<long>(mprotect(a.at(1), page, PROT_READ));
  });
  // Whether or not the first call worked, the page is as it was.
  EXPECT_TRUE(refused(trial, EPERM));
}

TEST_P(ProcessSettings, AddressTagsMayNotBeTurnedOn) {  // S-41
#if defined(__x86_64__)
  constexpr int arch_enable_tagged_addr = 0x4002;
  Trial trial = attempt({GetParam()}, [](const Area &) {
    return syscall(SYS_arch_prctl, arch_enable_tagged_addr, 6);
  });
  ASSERT_TRUE(completed(trial));
  if (trial.control == -1) {
    // No LAM in this processor: the filter's refusal still shows.
    if (!filtered())
      GTEST_SKIP() << "this processor or kernel has no LAM";
    EXPECT_EQ(trial.error, EPERM);
    return;
  }
  if (filtered()) {
    EXPECT_TRUE(refused(trial, EPERM));
  } else {
    EXPECT_TRUE(allowed(trial));
  }
#else
  // Tags are always there; a tagged pointer means the page without the tag.
  EXPECT_TRUE(refused(
      attempt({GetParam()},
              [](const Area &a) {
                auto tagged = reinterpret_cast<std::uintptr_t>(a.at(1)) |
                              (std::uintptr_t{0x5a} << 56);
                return syscall(SYS_mprotect, tagged, page, PROT_NONE);
              }),
      EPERM));
#endif
}

TEST_P(ProcessSettings, ATaggedAddressChangesNothing) {  // S-41
  Trial trial = attempt({GetParam()}, [](const Area &a) {
    auto tagged = reinterpret_cast<std::uintptr_t>(a.at(1)) |
                  (std::uintptr_t{0x15} << 57);
    return syscall(SYS_munmap, tagged, page);
  });
  ASSERT_TRUE(completed(trial));
  EXPECT_EQ(trial.answer, -1);
  EXPECT_TRUE(trial.maps_same && trial.bytes_same);
}

/// Moves the end of the heap by prctl, which needs no privilege: the whole
/// map is given again, with one number changed.
long move_break(unsigned long to) {
  unsigned long v[48] = {};
  char text[2048] = {};
  FILE *stat = std::fopen("/proc/self/stat", "re");
  if (stat == nullptr || std::fgets(text, sizeof(text), stat) == nullptr)
    return -1;
  std::fclose(stat);
  char *field = std::strrchr(text, ')');
  char *rest = nullptr;
  int n = 3;
  for (char *t = strtok_r(field + 1, " ", &rest); t != nullptr && n < 56;
       t = strtok_r(nullptr, " ", &rest), ++n)
    if (n >= 8)
      v[n - 8] = std::strtoul(t, nullptr, 10);
  auto at = [&](int number) { return v[number - 8]; };  // proc(5), stat
  prctl_mm_map map{};
  map.start_code = at(26), map.end_code = at(27), map.start_stack = at(28);
  map.start_data = at(45), map.end_data = at(46), map.start_brk = at(47);
  map.brk = to;
  map.arg_start = at(48), map.arg_end = at(49);
  map.env_start = at(50), map.env_end = at(51);
  map.exe_fd = static_cast<__u32>(-1);
  return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
}

TEST_P(ProcessSettings, TheBreakMayNotBeMovedByPrctl) {  // S-42
  in_child([engine = GetParam()] {
    unsigned long size = page;
    unsigned long begin = (syscall(SYS_brk, 0) + size - 1) & -size;
    unsigned long end = begin + 4 * size;
    CHILD_ASSERT_EQ(syscall(SYS_brk, end), static_cast<long>(end));
    auto *sealed = reinterpret_cast<char *>(begin + size);
    *sealed = 'h';
    if (move_break(end) != 0) {  // the control
      CHILD_ASSERT_TRUE(errno == EINVAL || errno == EPERM);
      CHILD_SKIP(
          "prctl(PR_SET_MM_MAP) is not in this kernel "
          "(CONFIG_CHECKPOINT_RESTORE)");
    }
    CHILD_ASSERT_EQ(seal_by(engine, sealed, page), 0);
    long answer = move_break(end + size);
    if (has_filter(engine))
      CHILD_ASSERT_ERROR(answer, EPERM);
    else
      CHILD_ASSERT_EQ(answer, 0);
    syscall(SYS_brk, begin);
    CHILD_ASSERT_EQ(peek(sealed), 'h');
  });
}

}  // namespace
}  // namespace memseal::test
