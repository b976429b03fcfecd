// SPDX-License-Identifier: Apache-2.0
// Threads, forks and executed children of a program with served seals.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include "provide/served.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

class ServedTree : public testing::Test {
protected:
  void SetUp() override { setenv("MEMSEAL_PROVIDE", "always", 1); }
};

int unmap(char *at) {
  return error_of(munmap(at, page));
}

TEST_F(ServedTree, a_thread_older_than_the_first_seal_is_refused_too) {
  EXPECT_EQ(in_child([] {
              std::atomic<char *> sealed{nullptr};
              int answer = 0;
              std::thread older([&] {
                while (sealed == nullptr)
                  std::this_thread::yield();
                answer = unmap(sealed);
              });
              char *at = map_pages(1);
              if (mseal(at, page, 0) != 0)
                return 1;
              sealed = at;
              older.join();
              return answer == EPERM ? 0 : 2;
            }),
            0);
}

TEST_F(ServedTree, threads_may_seal_for_the_first_time_together) {
  EXPECT_EQ(in_child([] {
              std::atomic<int> good{0};
              auto work = [&] {
                char *at = map_pages(1);
                if (mseal(at, page, 0) == 0 && unmap(at) == EPERM)
                  ++good;
              };
              std::thread a(work), b(work), c(work);
              a.join();
              b.join();
              c.join();
              return good == 3 && status_number("Seccomp_filters") == 1 ? 0 : 1;
            }),
            0);
}

TEST_F(ServedTree, a_fork_inherits_seals_and_its_own_stay_its_own) {
  EXPECT_EQ(in_child([] {
              char *before = map_pages(1), *after = map_pages(1);
              if (mseal(before, page, 0) != 0)
                return 1;
              int child = in_child([&] {
                if (unmap(before) != EPERM)
                  return 1;
                if (mseal(after, page, 0) != 0)
                  return 2;
                return unmap(after) == EPERM ? 0 : 3;
              });
              if (child != 0)
                return 10 + child;
              return unmap(after);  // the parent never sealed it
            }),
            0);
}

TEST_F(ServedTree, a_seal_made_after_a_fork_does_not_reach_the_child) {
  EXPECT_EQ(in_child([] {
              char *at = map_pages(1);
              int go[2];
              if (pipe(go) != 0 || mseal(map_pages(1), page, 0) != 0)
                return 1;
              pid_t child = fork();
              if (child == 0) {
                char byte;
                (void)!read(go[0], &byte, 1);
                _exit(unmap(at));
              }
              if (mseal(at, page, 0) != 0)
                return 2;
              (void)!write(go[1], "x", 1);
              int status = -1;
              waitpid(child, &status, 0);
              return status == 0 && unmap(at) == EPERM ? 0 : 3;
            }),
            0);
}

/// What the executed image does: its mappings are new, so the old seal must
/// mean nothing, and one of its own must hold.
[[gnu::constructor]] void in_executed_image() {
  const char *told = std::getenv("MEMSEAL_TEST_STALE");
  if (told == nullptr)
    return;
  unsetenv("MEMSEAL_TEST_STALE");
  auto *stale = reinterpret_cast<char *>(std::stoul(told));
  void *at = mmap(stale, page, PROT_READ,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (at != stale)
    _exit(20);
  if (unmap(stale) != 0)
    _exit(21);
  char *own = map_pages(1);
  if (mseal(own, page, 0) != 0)
    _exit(22);
  if (unmap(own) != EPERM)
    _exit(23);
  _exit(status_number("Seccomp_filters") == 1 ? 0 : 24);
}

TEST_F(ServedTree, an_executed_image_is_free_of_old_seals_and_makes_new_ones) {
  EXPECT_EQ(
      in_child([] {
        // Where the kernel puts nothing of its own accord.
        auto *at = reinterpret_cast<char *>(0x200000000000);
        if (mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                 -1, 0) != at)
          return 1;
        if (mseal(at, page, 0) != 0 || unmap(at) != EPERM)
          return 2;
        setenv("MEMSEAL_TEST_STALE",
               std::to_string(reinterpret_cast<std::uintptr_t>(at)).c_str(), 1);
        execl("/proc/self/exe", "stale", nullptr);
        return 3;
      }),
      0);
}

}  // namespace
}  // namespace memseal::test
