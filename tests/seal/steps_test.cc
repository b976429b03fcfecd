// SPDX-License-Identifier: Apache-2.0
// Protect and seal, map and seal, ask and harden: S-49 … S-55.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include <string>

#include "seal/support.h"
#include "sys/maps_reader.h"
#include "sys/seccomp.h"
#include "sys/syscall.h"

namespace memseal::test {
namespace {

/// The protections of the mappings in [at, at + size), as one character each.
std::string protections(const char *at, std::size_t size) {
  std::string found;
  auto begin = reinterpret_cast<Address>(at);
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = maps.next()) {
    if (!*mapping)
      break;
    PageRange range = (*mapping)->range;
    for (Address page_at = begin; page_at < begin + size; page_at += page) {
      if (range.contains(page_at))
        found += static_cast<char>('0' + (*mapping)->protection.bits);
    }
  }
  return found;
}

memseal_info told(const void *at) {
  memseal_info info{};
  info.size = sizeof info;
  if (memseal_query(at, &info) != 0)
    _exit(95);
  return info;
}

TEST(ProtectAndSeal, SetsTheProtectionForEver) {
  EXPECT_EQ(
      in_child([] {
        char *at = fresh_pages(2), *twin = fresh_pages(2);
        if (memseal_mprotect(at, 2 * page,
                             PROT_READ | MEMSEAL_PROT_IMMUTABLE) != 0)
          return 1;
        if (protections(at, 2 * page) != "11")
          return 2;
        if (memseal_mprotect(twin, 2 * page, PROT_READ) != 0)  // plain mprotect
          return 3;
        if (mprotect(twin, page, PROT_READ | PROT_WRITE) != 0)
          return 4;
        if (!refused(mprotect(at, page, PROT_READ | PROT_WRITE), EPERM))
          return 5;
        return told(at).types == MEMSEAL_MPROTECT ? 0 : 6;
      }),
      0);
}

TEST(ProtectAndSealDowngradable, AllowsReadingOnlyAndNothingElse) {
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(1);
              int wanted = PROT_READ | PROT_WRITE | MEMSEAL_PROT_DOWNGRADABLE;
              if (memseal_mprotect(at, page, wanted) != 0)
                return 1;
              if (told(at).flags != MEMSEAL_DOWNGRADABLE)
                return 2;
              if (!refused(mprotect(at, page, PROT_READ | PROT_WRITE), EPERM) ||
                  !refused(mprotect(at, page, PROT_NONE), EPERM))
                return 3;
              if (mprotect(at, page, PROT_READ) != 0)
                return 4;
              if (!refused(mprotect(at, page, PROT_READ | PROT_WRITE), EPERM))
                return 5;
              return mprotect(at, page, PROT_READ) == 0 ? 0 : 6;
            }),
            0);
}

TEST(ProtectAndSeal, RefusesWhatIsNoRequest) {
  EXPECT_EQ(
      in_child([] {
        char *at = fresh_pages(1);
        constexpr int both = MEMSEAL_PROT_IMMUTABLE | MEMSEAL_PROT_DOWNGRADABLE;
        if (!refused(memseal_mprotect(at, page, PROT_READ | both), EINVAL))
          return 1;
        if (!refused(memseal_mprotect(at, page, PROT_READ | PROT_GROWSDOWN),
                     EINVAL))
          return 2;
        if (!refused(memseal_mprotect(at + 1, page,
                                      PROT_READ | MEMSEAL_PROT_IMMUTABLE),
                     EINVAL))
          return 3;
        if (!refused(memseal_mprotect(at, page,
                                      PROT_READ | PROT_WRITE | PROT_EXEC |
                                          MEMSEAL_PROT_DOWNGRADABLE),
                     EOPNOTSUPP))
          return 4;
        return protections(at, page) == "3" ? 0 : 5;
      }),
      0);
}

TEST(ProtectAndSeal, PutsEveryProtectionBackIfItFails) {
  EXPECT_EQ(in_child([] {
              // The page in the middle refuses, after the kernel's or memseal's
              // judgement.
              char *at = fresh_pages(3);
              if (mprotect(at, page, PROT_READ | PROT_EXEC) != 0)
                return 1;
              if (memseal(at + page, page, MEMSEAL_MPROTECT, 0) != 0)
                return 2;
              if (!refused(memseal_mprotect(at, 3 * page,
                                            PROT_NONE | MEMSEAL_PROT_IMMUTABLE),
                           EPERM))
                return 3;
              if (protections(at, 3 * page) != "533")
                return 4;
              if (mprotect(at + 2 * page, page, PROT_READ) != 0)  // not sealed
                return 5;
              return told(at).types == 0 ? 0 : 6;
            }),
            0);
}

TEST(ProtectAndSeal, PutsTheProtectionsBackIfNoFilterCanBeInstalled) {
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(2);
              if (mprotect(at, page, PROT_READ) != 0)
                return 1;
              // Use up the kernel's room.
              while (memseal(fresh_pages(1), page, MEMSEAL_MUNMAP,
                             MEMSEAL_FILTER) == 0) {
              }
              if (errno != E2BIG)
                return 2;
              if (!refused(memseal_mprotect(at, 2 * page,
                                            PROT_NONE | MEMSEAL_PROT_IMMUTABLE),
                           E2BIG))
                return 3;
              return protections(at, 2 * page) == "13" ? 0 : 4;
            }),
            0);
}

TEST(Downgradable, IsForPagesThatCanBeLoweredToReading) {
  EXPECT_EQ(in_child([] {
              constexpr int rwx = PROT_READ | PROT_WRITE | PROT_EXEC;
              const int lowerable[] = {PROT_READ, PROT_READ | PROT_WRITE,
                                       PROT_READ | PROT_EXEC};
              for (int prot : lowerable) {
                if (memseal(fresh_pages(1, prot), page, MEMSEAL_MPROTECT,
                            MEMSEAL_DOWNGRADABLE) != 0)
                  return 1;
              }
              for (int prot : {PROT_NONE, rwx}) {
                char *at = fresh_pages(1, prot);
                if (!refused(memseal(at, page, MEMSEAL_MPROTECT,
                                     MEMSEAL_DOWNGRADABLE),
                             EOPNOTSUPP))
                  return 2;
                if (mprotect(at, page, PROT_READ) != 0 ||
                    mprotect(at, page, PROT_READ | PROT_WRITE) != 0)
                  return 3;
              }
              return 0;
            }),
            0);
}

TEST(Downgradable, IsRefusedWhereReadingMeansExecuting) {
  EXPECT_EQ(
      in_child([] {
        char *at = fresh_pages(1);
        personality(READ_IMPLIES_EXEC);
        if (!refused(memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE),
                     EOPNOTSUPP))
          return 1;
        personality(0);
        return memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE);
      }),
      0);
}

class MapAndSeal : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(MapAndSeal);

TEST_P(MapAndSeal, GivesSealedMemory) {
  unsigned e = engine();
  EXPECT_EQ(in_child([e] {
              void *at = memseal_map(nullptr, page, PROT_READ,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0,
                                     MEMSEAL_ALL, e);
              if (at == MAP_FAILED)
                return 1;
              void *twin = mmap(nullptr, page, PROT_READ,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              if (munmap(twin, page) != 0)
                return 2;
              if (!refused(munmap(at, page), EPERM))
                return 3;
              return told(at).types == MEMSEAL_ALL ? 0 : 4;
            }),
            0);
}

TEST_P(MapAndSeal, LeavesNothingMappedIfItFails) {
  unsigned e = engine();
  EXPECT_EQ(
      in_child([e] {
        char *hint = fresh_pages(1);
        munmap(hint, page);
        constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS;
        // Too late for the arguments of mmap, too early for a seal.
        if (memseal_map(hint, page, PROT_READ | PROT_WRITE | PROT_EXEC, flags,
                        -1, 0, MEMSEAL_MPROTECT,
                        MEMSEAL_FILTER | MEMSEAL_DOWNGRADABLE) != MAP_FAILED ||
            errno != EOPNOTSUPP)
          return 1;
        if (!refused(msync(hint, page, MS_ASYNC), ENOMEM))
          return 2;
        if (memseal_map(hint, page, PROT_READ, flags | MAP_FIXED, -1, 0,
                        MEMSEAL_ALL, e) != MAP_FAILED ||
            errno != EINVAL)
          return 3;
        if (memseal_map(hint, page, PROT_READ, flags, -1, 0, 0x80, e) !=
                MAP_FAILED ||
            errno != EINVAL)
          return 4;
        return refused(msync(hint, page, MS_ASYNC), ENOMEM) ? 0 : 5;
      }),
      0);
}

TEST(AskingAbout, UnsealedMemoryTellsOfTheGap) {
  EXPECT_EQ(
      in_child([] {
        char *at = fresh_pages(4);
        if (told(at).types != 0 || told(at).engine != 0)
          return 1;
        if (memseal(at, page, MEMSEAL_MUNMAP, 0) != 0 ||
            memseal(at + 3 * page, page, MEMSEAL_MUNMAP, 0) != 0)
          return 2;
        memseal_info gap = told(at + page + 7);
        auto first = reinterpret_cast<uintptr_t>(at + page);
        if (gap.begin != first || gap.end != first + 2 * page || gap.types != 0)
          return 3;
        memseal_info held = told(at + 3 * page + 7);
        if (held.begin != first + 2 * page || held.end != first + 3 * page ||
            held.types != MEMSEAL_MUNMAP || held.engine != MEMSEAL_FILTER)
          return 4;
        return 0;
      }),
      0);
}

TEST(AskingAbout, SomethingWithTooSmallAStructureIsRefused) {
  memseal_info info{};
  info.size = sizeof info - 1;
  EXPECT_TRUE(refused(memseal_query(&info, &info), EINVAL));
  EXPECT_TRUE(refused(memseal_query(&info, nullptr), EINVAL));
  info.size = sizeof info + 64;  // a caller of a later version
  EXPECT_EQ(memseal_query(&info, &info), 0);
  EXPECT_EQ(info.size, sizeof info);
}

TEST(AskingAbout, AThousandScatteredSealsFindsEachOfThem) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  EXPECT_EQ(in_child([] {
              // More than the register holds at first: it grows.
              constexpr std::size_t count = 6000;
              char *at = fresh_pages(2 * count);
              for (std::size_t i = 0; i < count; ++i) {
                if (memseal(at + 2 * i * page, page, MEMSEAL_ALL,
                            MEMSEAL_NATIVE) != 0)
                  return 1;
              }
              for (std::size_t i = 0; i < count; ++i) {
                if (told(at + 2 * i * page).types != MEMSEAL_ALL)
                  return 2;
              }
              return told(at + page).types == 0 ? 0 : 3;
            }),
            0);
}

TEST(AskingAbout, ASealThatSomebodyElseSetTellsWhatTheKernelSays) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  EXPECT_EQ(in_child([] {
              char *at = fresh_pages(3);
              if (syscall(sys::nr_mseal, at + page, page, 0) != 0)
                return 1;
              memseal_info info = told(at + page);
              if (info.types != MEMSEAL_ALL || info.engine != MEMSEAL_NATIVE ||
                  info.begin != reinterpret_cast<uintptr_t>(at + page) ||
                  info.end != info.begin + page)
                return 2;
              return told(at).types == 0 && told(at + 2 * page).types == 0 ? 0
                                                                           : 3;
            }),
            0);
}

int live_for_a_while(void *) {
  usleep(300'000);
  return 0;
}

TEST(ASiblingThatSharesTheMemory, IsDeclared) {
  EXPECT_EQ(in_child([] {
              char *lone = fresh_pages(1);
              if (memseal(lone, page, MEMSEAL_MUNMAP, 0) != 0 ||
                  (told(lone).open & MEMSEAL_OPEN_SIBLING) != 0)
                return 1;  // control
              return in_child([] {
                static char stack[65536];
                int child = clone(live_for_a_while, stack + sizeof stack,
                                  CLONE_VM | SIGCHLD, nullptr);
                char *at = fresh_pages(1);
                if (memseal(at, page, MEMSEAL_MUNMAP, 0) != 0)
                  return 2;
                waitpid(child, nullptr, 0);
                return (told(at).open & MEMSEAL_OPEN_SIBLING) != 0 ? 0 : 3;
              });
            }),
            0);
}

TEST(TheEngine, IsToldAndStrictIsBoth) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  EXPECT_EQ(
      in_child([] {
        char *at = fresh_pages(1);
        if (memseal(at, page, MEMSEAL_ALL, 0) != 0)
          return 1;
        memseal_info info = told(at);
        if (info.engine != MEMSEAL_NATIVE || info.filter_types != 0 ||
            (info.open & MEMSEAL_OPEN_NATIVE) == 0 || info.base_level != 0)
          return 2;
        if (memseal(at, page, MEMSEAL_ALL, MEMSEAL_STRICT) != 0)
          return 3;
        info = told(at);
        if (info.engine != MEMSEAL_STRICT || info.filter_types != MEMSEAL_ALL ||
            (info.open & MEMSEAL_OPEN_NATIVE) != 0 ||
            info.base_level != MEMSEAL_BASE_COMPATIBLE)
          return 4;
        return 0;
      }),
      0);
}

TEST(TheBaseFilter, ComesWithTheFirstFilterSealAndCanBeRaised) {
  EXPECT_EQ(
      in_child([] {
        char *at = fresh_pages(1);
        if (!refused(memseal_harden(7), EINVAL))
          return 1;
        if (told(at).base_level != MEMSEAL_BASE_NONE)
          return 2;
        if (memseal(at, page, MEMSEAL_MUNMAP, 0) != 0)
          return 3;
        if (told(at).base_level != MEMSEAL_BASE_COMPATIBLE ||
            (told(at).open & MEMSEAL_OPEN_IO_URING) == 0)
          return 4;
        long ring =
            syscall(SYS_io_uring_setup, 0, nullptr);  // EINVAL or EFAULT
        if (ring != -1 || errno == EPERM)
          return 0;  // a system that forbids it anyway tells nothing
        if (memseal_harden(MEMSEAL_BASE_CLOSED) != 0)
          return 5;
        if (told(at).base_level != MEMSEAL_BASE_CLOSED ||
            (told(at).open & MEMSEAL_OPEN_IO_URING) != 0)
          return 6;
        if (memseal_harden(MEMSEAL_BASE_COMPATIBLE) != 0 ||
            told(at).base_level != MEMSEAL_BASE_CLOSED)
          return 7;
        return refused(syscall(SYS_io_uring_setup, 0, nullptr), EPERM) ? 0 : 8;
      }),
      0);
}

TEST(NoNewPrivs, IsSetOnlyWithoutTheCapability) {
  if (geteuid() != 0)
    GTEST_SKIP() << "needs CAP_SYS_ADMIN to give up";
  EXPECT_EQ(in_child([] {
              if (memseal(fresh_pages(1), page, MEMSEAL_MUNMAP, 0) != 0)
                return 1;
              if (sys::has_no_new_privs())
                return 2;
              if (setresuid(65534, 65534, 65534) != 0)
                return 3;
              if (memseal(fresh_pages(1), page, MEMSEAL_MUNMAP, 0) != 0)
                return 4;
              return sys::has_no_new_privs() ? 0 : 5;
            }),
            0);
}

TEST(ASealedSegment, CannotBeDetachedByAnAddressBelowTheSeal) {
  EXPECT_EQ(in_child([] {
              int id = shmget(IPC_PRIVATE, 2 * page, IPC_CREAT | 0600);
              char *at = static_cast<char *>(shmat(id, nullptr, 0));
              char *twin = static_cast<char *>(shmat(id, nullptr, 0));
              shmctl(id, IPC_RMID, nullptr);
              if (memseal(at + page, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER) != 0)
                return 1;
              if (shmdt(twin) != 0)
                return 2;
              return refused(shmdt(at), EPERM) ? 0 : 3;
            }),
            0);
}

TEST(ASealedHeap, DoesNotShrink) {
  EXPECT_EQ(in_child([] {
              auto *old = static_cast<char *>(sbrk(0));
              auto aligned =
                  (reinterpret_cast<uintptr_t>(old) + page - 1) & ~(page - 1);
              auto *at = reinterpret_cast<char *>(aligned);
              if (brk(at + 4 * page) != 0)
                return 1;
              if (memseal(at + page, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER) != 0)
                return 2;
              if (syscall(SYS_brk, at + 2 * page) !=
                  reinterpret_cast<long>(at + 2 * page))
                return 3;  // control: above the seal it may shrink
              if (syscall(SYS_brk, at + page) != 0)  // S-35
                return 4;
              return msync(at + page, page, MS_ASYNC) == 0 ? 0 : 5;
            }),
            0);
}

}  // namespace
}  // namespace memseal::test
