// SPDX-License-Identifier: Apache-2.0
// Protect and seal, map and seal, ask and harden: S-49 … S-55.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "memseal/memseal_arena.h"
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
  CHILD_ASSERT_EQ(memseal_query(at, &info), 0);
  return info;
}

TEST(ProtectAndSeal, SetsTheProtectionForEver) {
  in_child([] {
    char *at = fresh_pages(2), *twin = fresh_pages(2);
    CHILD_ASSERT_EQ(
        memseal_mprotect(at, 2 * page, PROT_READ | MEMSEAL_PROT_IMMUTABLE), 0);
    CHILD_ASSERT_EQ(protections(at, 2 * page), "11");
    CHILD_ASSERT_EQ(memseal_mprotect(twin, 2 * page, PROT_READ),
                    0);  // plain mprotect
    CHILD_ASSERT_EQ(mprotect(twin, page, PROT_READ | PROT_WRITE), 0);
    CHILD_ASSERT_ERROR(mprotect(at, page, PROT_READ | PROT_WRITE), EPERM);
    CHILD_ASSERT_EQ(told(at).types, MEMSEAL_MPROTECT);
  });
}

TEST(ProtectAndSealDowngradable, AllowsReadingOnlyAndNothingElse) {
  in_child([] {
    char *at = fresh_pages(1);
    int wanted = PROT_READ | PROT_WRITE | MEMSEAL_PROT_DOWNGRADABLE;
    CHILD_ASSERT_EQ(memseal_mprotect(at, page, wanted), 0);
    CHILD_ASSERT_EQ(told(at).flags, MEMSEAL_DOWNGRADABLE);
    CHILD_ASSERT_ERROR(mprotect(at, page, PROT_READ | PROT_WRITE), EPERM);
    CHILD_ASSERT_ERROR(mprotect(at, page, PROT_NONE), EPERM);
    CHILD_ASSERT_EQ(mprotect(at, page, PROT_READ), 0);
    CHILD_ASSERT_ERROR(mprotect(at, page, PROT_READ | PROT_WRITE), EPERM);
    CHILD_ASSERT_EQ(mprotect(at, page, PROT_READ), 0);
  });
}

TEST(ProtectAndSeal, RefusesWhatIsNoRequest) {
  in_child([] {
    char *at = fresh_pages(1);
    constexpr int both = MEMSEAL_PROT_IMMUTABLE | MEMSEAL_PROT_DOWNGRADABLE;
    CHILD_ASSERT_ERROR(memseal_mprotect(at, page, PROT_READ | both), EINVAL);
    CHILD_ASSERT_ERROR(memseal_mprotect(at, page, PROT_READ | PROT_GROWSDOWN),
                       EINVAL);
    CHILD_ASSERT_ERROR(
        memseal_mprotect(at + 1, page, PROT_READ | MEMSEAL_PROT_IMMUTABLE),
        EINVAL);
    CHILD_ASSERT_ERROR(memseal_mprotect(at, page,
                                        PROT_READ | PROT_WRITE | PROT_EXEC |
                                            MEMSEAL_PROT_DOWNGRADABLE),
                       EOPNOTSUPP);
    CHILD_ASSERT_EQ(protections(at, page), "3");
  });
}

TEST(ProtectAndSeal, PutsEveryProtectionBackIfItFails) {
  in_child([] {
    // The page in the middle refuses, after the kernel's or memseal's
    // judgement.
    char *at = fresh_pages(3);
    CHILD_ASSERT_EQ(mprotect(at, page, PROT_READ | PROT_EXEC), 0);
    CHILD_ASSERT_EQ(memseal(at + page, page, MEMSEAL_MPROTECT, 0), 0);
    CHILD_ASSERT_ERROR(
        memseal_mprotect(at, 3 * page, PROT_NONE | MEMSEAL_PROT_IMMUTABLE),
        EPERM);
    CHILD_ASSERT_EQ(protections(at, 3 * page), "533");
    CHILD_ASSERT_EQ(mprotect(at + 2 * page, page, PROT_READ), 0);  // not sealed
    CHILD_ASSERT_EQ(told(at).types, 0);
  });
}

TEST(ProtectAndSeal, PutsTheProtectionsBackIfNoFilterCanBeInstalled) {
  in_child([] {
    char *at = fresh_pages(2);
    CHILD_ASSERT_EQ(mprotect(at, page, PROT_READ), 0);
    // Use up the kernel's room.
    while (memseal(fresh_pages(1), page, MEMSEAL_MUNMAP, MEMSEAL_FILTER) == 0) {
    }
    CHILD_ASSERT_EQ(errno, E2BIG);
    CHILD_ASSERT_ERROR(
        memseal_mprotect(at, 2 * page, PROT_NONE | MEMSEAL_PROT_IMMUTABLE),
        E2BIG);
    CHILD_ASSERT_EQ(protections(at, 2 * page), "13");
  });
}

TEST(Downgradable, IsForPagesThatCanBeLoweredToReading) {
  in_child([] {
    constexpr int rwx = PROT_READ | PROT_WRITE | PROT_EXEC;
    const int lowerable[] = {PROT_READ, PROT_READ | PROT_WRITE,
                             PROT_READ | PROT_EXEC};
    for (int prot : lowerable) {
      CHILD_ASSERT_EQ(memseal(fresh_pages(1, prot), page, MEMSEAL_MPROTECT,
                              MEMSEAL_DOWNGRADABLE),
                      0);
    }
    for (int prot : {PROT_NONE, rwx}) {
      char *at = fresh_pages(1, prot);
      CHILD_ASSERT_ERROR(
          memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE),
          EOPNOTSUPP);
      CHILD_ASSERT_EQ(mprotect(at, page, PROT_READ), 0);
      CHILD_ASSERT_EQ(mprotect(at, page, PROT_READ | PROT_WRITE), 0);
    }
  });
}

TEST(Downgradable, IsRefusedWhereReadingMeansExecuting) {
  in_child([] {
    char *at = fresh_pages(1);
    personality(READ_IMPLIES_EXEC);
    CHILD_ASSERT_ERROR(
        memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE), EOPNOTSUPP);
    personality(0);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE),
                    0);
  });
}

bool is_executable(const char *at) {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  for (;;) {
    auto mapping = maps.next();
    CHILD_ASSERT_TRUE(mapping && *mapping);
    if ((*mapping)->range.contains(reinterpret_cast<Address>(at)))
      return (*mapping)->protection.executable();
  }
}

/// Another thread, with a personality of its own, that waits to be asked.
class ThreadOfItsOwn {
public:
  explicit ThreadOfItsOwn(unsigned long persona)
      : thread_([this, persona] {
          personality(persona);
          ready_ = true;
          while (!go_)
            usleep(1000);
          if (act_)
            act_();
        }) {
    while (!ready_)
      usleep(1000);
  }
  void end_with(std::function<void()> act) {
    act_ = std::move(act);
    go_ = true;
    thread_.join();
  }

private:
  std::atomic<bool> ready_{false}, go_{false};
  std::function<void()> act_;
  std::thread thread_;
};

TEST(Downgradable, IsRefusedWhereReadingMeansExecutingInAnotherThread) {
  in_child([] {  // S-51
    char *at = fresh_pages(2);
    ThreadOfItsOwn other(READ_IMPLIES_EXEC);
    CHILD_ASSERT_EQ(personality(0xffffffff) & READ_IMPLIES_EXEC, 0);
    CHILD_ASSERT_ERROR(
        memseal(at, page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE), EOPNOTSUPP);
    memseal_arena *arena = nullptr;
    CHILD_ASSERT_ERROR(memseal_arena_create(&arena, 0, MEMSEAL_ARENA_FILTER),
                       EOPNOTSUPP);
    // The control: what that thread would make of a downgrade.
    other.end_with([&] { mprotect(at, page, PROT_READ); });
    CHILD_ASSERT_TRUE(is_executable(at));
    // Twin: an ordinary thread is no obstacle.
    ThreadOfItsOwn plain(0);
    CHILD_ASSERT_EQ(
        memseal(at + page, page, MEMSEAL_MPROTECT, MEMSEAL_DOWNGRADABLE), 0);
    plain.end_with([&] { mprotect(at + page, page, PROT_READ); });
    CHILD_ASSERT_FALSE(is_executable(at + page));
  });
}

class MapAndSeal : public OnEveryEngine {};
MEMSEAL_ON_EVERY_ENGINE(MapAndSeal);

TEST_P(MapAndSeal, GivesSealedMemory) {
  unsigned e = engine();
  in_child([e] {
    void *at = memseal_map(nullptr, page, PROT_READ,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, MEMSEAL_ALL, e);
    CHILD_ASSERT_NE(at, MAP_FAILED);
    void *twin =
        mmap(nullptr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHILD_ASSERT_EQ(munmap(twin, page), 0);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
    CHILD_ASSERT_EQ(told(at).types, MEMSEAL_ALL);
  });
}

TEST_P(MapAndSeal, LeavesNothingMappedIfItFails) {
  unsigned e = engine();
  in_child([e] {
    char *hint = fresh_pages(1);
    munmap(hint, page);
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    // Too late for the arguments of mmap, too early for a seal.
    CHILD_ASSERT_ERROR(
        memseal_map(hint, page, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1,
                    0, MEMSEAL_MPROTECT, MEMSEAL_FILTER | MEMSEAL_DOWNGRADABLE),
        EOPNOTSUPP);
    CHILD_ASSERT_ERROR(msync(hint, page, MS_ASYNC), ENOMEM);
    CHILD_ASSERT_ERROR(memseal_map(hint, page, PROT_READ, flags | MAP_FIXED, -1,
                                   0, MEMSEAL_ALL, e),
                       EINVAL);
    CHILD_ASSERT_ERROR(
        memseal_map(hint, page, PROT_READ, flags, -1, 0, 0x80, e), EINVAL);
    CHILD_ASSERT_ERROR(msync(hint, page, MS_ASYNC), ENOMEM);
  });
}

TEST(AskingAbout, UnsealedMemoryTellsOfTheGap) {
  in_child([] {
    char *at = fresh_pages(4);
    CHILD_ASSERT_EQ(told(at).types, 0);
    CHILD_ASSERT_EQ(told(at).engine, 0);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MUNMAP, 0), 0);
    CHILD_ASSERT_EQ(memseal(at + 3 * page, page, MEMSEAL_MUNMAP, 0), 0);
    memseal_info gap = told(at + page + 7);
    auto first = reinterpret_cast<uintptr_t>(at + page);
    CHILD_ASSERT_EQ(gap.begin, first);
    CHILD_ASSERT_EQ(gap.end, first + 2 * page);
    CHILD_ASSERT_EQ(gap.types, 0);
    memseal_info held = told(at + 3 * page + 7);
    CHILD_ASSERT_EQ(held.begin, first + 2 * page);
    CHILD_ASSERT_EQ(held.end, first + 3 * page);
    CHILD_ASSERT_EQ(held.types, MEMSEAL_MUNMAP);
    CHILD_ASSERT_EQ(held.engine, MEMSEAL_FILTER);
  });
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
  in_child([] {
    // More than the register holds at first: it grows.
    constexpr std::size_t count = 6000;
    char *at = fresh_pages(2 * count);
    for (std::size_t i = 0; i < count; ++i) {
      CHILD_ASSERT_EQ(
          memseal(at + 2 * i * page, page, MEMSEAL_ALL, MEMSEAL_NATIVE), 0);
    }
    for (std::size_t i = 0; i < count; ++i) {
      CHILD_ASSERT_EQ(told(at + 2 * i * page).types, MEMSEAL_ALL);
    }
    CHILD_ASSERT_EQ(told(at + page).types, 0);
  });
}

TEST(AskingAbout, ASealThatSomebodyElseSetTellsWhatTheKernelSays) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  in_child([] {
    char *at = fresh_pages(3);
    CHILD_ASSERT_EQ(syscall(sys::nr_mseal, at + page, page, 0), 0);
    memseal_info info = told(at + page);
    CHILD_ASSERT_EQ(info.types, MEMSEAL_ALL);
    CHILD_ASSERT_EQ(info.engine, MEMSEAL_NATIVE);
    CHILD_ASSERT_EQ(info.begin, reinterpret_cast<uintptr_t>(at + page));
    CHILD_ASSERT_EQ(info.end, info.begin + page);
    CHILD_ASSERT_EQ(told(at).types, 0);
    CHILD_ASSERT_EQ(told(at + 2 * page).types, 0);
  });
}

int live_for_a_while(void *) {
  usleep(300'000);
  return 0;
}

TEST(ASiblingThatSharesTheMemory, IsDeclared) {
  in_child([] {
    char *lone = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(lone, page, MEMSEAL_MUNMAP, 0), 0);
    CHILD_ASSERT_EQ(told(lone).open & MEMSEAL_OPEN_SIBLING, 0);  // control
    in_child([] {
      static char stack[65536];
      int child = clone(live_for_a_while, stack + sizeof stack,
                        CLONE_VM | SIGCHLD, nullptr);
      char *at = fresh_pages(1);
      CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MUNMAP, 0), 0);
      waitpid(child, nullptr, 0);
      CHILD_ASSERT_NE(told(at).open & MEMSEAL_OPEN_SIBLING, 0);
    });
  });
}

TEST(TheEngine, IsToldAndStrictIsBoth) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "this kernel has no mseal(2) (Linux 6.10)";
  in_child([] {
    char *at = fresh_pages(1);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, 0), 0);
    memseal_info info = told(at);
    CHILD_ASSERT_EQ(info.engine, MEMSEAL_NATIVE);
    CHILD_ASSERT_EQ(info.filter_types, 0);
    CHILD_ASSERT_NE(info.open & MEMSEAL_OPEN_NATIVE, 0);
    CHILD_ASSERT_EQ(info.base_level, 0);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_ALL, MEMSEAL_STRICT), 0);
    info = told(at);
    CHILD_ASSERT_EQ(info.engine, MEMSEAL_STRICT);
    CHILD_ASSERT_EQ(info.filter_types, MEMSEAL_ALL);
    CHILD_ASSERT_EQ(info.open & MEMSEAL_OPEN_NATIVE, 0);
    CHILD_ASSERT_EQ(info.base_level, MEMSEAL_BASE_COMPATIBLE);
  });
}

TEST(TheBaseFilter, ComesWithTheFirstFilterSealAndCanBeRaised) {
  in_child([] {
    char *at = fresh_pages(1);
    CHILD_ASSERT_ERROR(memseal_harden(7), EINVAL);
    CHILD_ASSERT_EQ(told(at).base_level, MEMSEAL_BASE_NONE);
    CHILD_ASSERT_EQ(memseal(at, page, MEMSEAL_MUNMAP, 0), 0);
    CHILD_ASSERT_EQ(told(at).base_level, MEMSEAL_BASE_COMPATIBLE);
    CHILD_ASSERT_NE(told(at).open & MEMSEAL_OPEN_IO_URING, 0);
    long ring = syscall(SYS_io_uring_setup, 0, nullptr);  // EINVAL or EFAULT
    if (ring != -1 || errno == EPERM)
      return;  // a system that forbids it anyway tells nothing
    CHILD_ASSERT_EQ(memseal_harden(MEMSEAL_BASE_CLOSED), 0);
    CHILD_ASSERT_EQ(told(at).base_level, MEMSEAL_BASE_CLOSED);
    CHILD_ASSERT_EQ(told(at).open & MEMSEAL_OPEN_IO_URING, 0);
    CHILD_ASSERT_EQ(memseal_harden(MEMSEAL_BASE_COMPATIBLE), 0);
    CHILD_ASSERT_EQ(told(at).base_level, MEMSEAL_BASE_CLOSED);
    CHILD_ASSERT_ERROR(syscall(SYS_io_uring_setup, 0, nullptr), EPERM);
  });
}

TEST(NoNewPrivs, IsSetOnlyWithoutTheCapability) {
  if (geteuid() != 0)
    GTEST_SKIP() << "needs CAP_SYS_ADMIN to give up";
  in_child([] {
    CHILD_ASSERT_EQ(memseal(fresh_pages(1), page, MEMSEAL_MUNMAP, 0), 0);
    CHILD_ASSERT_FALSE(sys::has_no_new_privs());
    CHILD_ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
    CHILD_ASSERT_EQ(memseal(fresh_pages(1), page, MEMSEAL_MUNMAP, 0), 0);
    CHILD_ASSERT_TRUE(sys::has_no_new_privs());
  });
}

TEST(ASealedSegment, CannotBeDetachedByAnAddressBelowTheSeal) {
  in_child([] {
    int id = shmget(IPC_PRIVATE, 2 * page, IPC_CREAT | 0600);
    char *at = static_cast<char *>(shmat(id, nullptr, 0));
    char *twin = static_cast<char *>(shmat(id, nullptr, 0));
    shmctl(id, IPC_RMID, nullptr);
    CHILD_ASSERT_EQ(memseal(at + page, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER),
                    0);
    CHILD_ASSERT_EQ(shmdt(twin), 0);
    CHILD_ASSERT_ERROR(shmdt(at), EPERM);
  });
}

TEST(ASealedHeap, DoesNotShrink) {
  in_child([] {
    auto *old = static_cast<char *>(sbrk(0));
    auto aligned = (reinterpret_cast<uintptr_t>(old) + page - 1) & ~(page - 1);
    auto *at = reinterpret_cast<char *>(aligned);
    CHILD_ASSERT_EQ(brk(at + 4 * page), 0);
    CHILD_ASSERT_EQ(memseal(at + page, page, MEMSEAL_MUNMAP, MEMSEAL_FILTER),
                    0);
    CHILD_ASSERT_EQ(
        syscall(SYS_brk, at + 2 * page),
        reinterpret_cast<long>(
            at + 2 * page));  // control: above the seal it may shrink
    CHILD_ASSERT_EQ(syscall(SYS_brk, at + page), 0);  // S-35
    CHILD_ASSERT_EQ(msync(at + page, page, MS_ASYNC), 0);
  });
}

}  // namespace
}  // namespace memseal::test
