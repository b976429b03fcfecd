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

#include "keeper/client.h"
#include "memseal/page_range.h"
#include "provide/served.h"
#include "support/in_child.h"
#include "support/skipped_call.h"

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
  in_child([] {
    std::atomic<char *> sealed{nullptr};
    int answer = 0;
    std::thread older([&] {
      while (sealed == nullptr)
        std::this_thread::yield();
      answer = unmap(sealed);
    });
    char *at = map_pages(1);
    CHILD_ASSERT_EQ(mseal(at, page, 0), 0);
    sealed = at;
    older.join();
    CHILD_ASSERT_EQ(answer, EPERM);
  });
}

TEST_F(ServedTree, a_call_that_a_tracer_skips_returns_what_the_tracer_says) {
  EXPECT_EQ(result_of_skipped_call(
                [] { return mseal(map_pages(1), page, 0) == 0 ? 0 : 1; }),
            told_by_tracer);
}

TEST_F(ServedTree, a_file_that_a_program_marked_itself_is_not_sealed) {
  in_child([] {
    CHILD_ASSERT_EQ(mseal(map_pages(1), page, 0), 0);  // there is a keeper
    // An object of another image lies where the file of this one will.
    char *at = map_pages(1);
    in_child([&] {
      auto object =
          PageRange::create(reinterpret_cast<Address>(at), page, page);
      CHILD_ASSERT_TRUE(keeper::SealBatch().seal(*object).has_value());
      CHILD_ASSERT_EQ(error_of(munmap(at, page)), EPERM);  // the control
    });
    int file = memfd_create("database", 0);
    CHILD_ASSERT_EQ(ftruncate(file, page), 0);
    CHILD_ASSERT_EQ(mmap(at, page, PROT_READ, MAP_SHARED | MAP_FIXED, file, 0),
                    at);
    CHILD_ASSERT_EQ(madvise(at, page, MADV_DONTDUMP), 0);
    CHILD_ASSERT_EQ(madvise(at, page, MADV_RANDOM), 0);
    in_child([&] { CHILD_ASSERT_EQ(error_of(munmap(at, page)), 0); });
    // What was sealed for a program is kept, shared or not.
    CHILD_ASSERT_EQ(mseal(at, page, 0), 0);
    in_child([&] { CHILD_ASSERT_EQ(error_of(munmap(at, page)), EPERM); });
  });
}

TEST_F(ServedTree, threads_may_seal_for_the_first_time_together) {
  in_child([] {
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
    CHILD_ASSERT_EQ(good, 3);
    CHILD_ASSERT_EQ(status_number("Seccomp_filters"), 1);
  });
}

TEST_F(ServedTree, a_fork_inherits_seals_and_its_own_stay_its_own) {
  in_child([] {
    char *before = map_pages(1), *after = map_pages(1);
    CHILD_ASSERT_EQ(mseal(before, page, 0), 0);
    in_child([&] {
      CHILD_ASSERT_EQ(unmap(before), EPERM);
      CHILD_ASSERT_EQ(mseal(after, page, 0), 0);
      CHILD_ASSERT_EQ(unmap(after), EPERM);
    });
    CHILD_ASSERT_EQ(unmap(after), 0);  // the parent never sealed it
  });
}

TEST_F(ServedTree, a_seal_made_after_a_fork_does_not_reach_the_child) {
  in_child([] {
    char *at = map_pages(1);
    int go[2];
    CHILD_ASSERT_EQ(pipe(go), 0);
    CHILD_ASSERT_EQ(mseal(map_pages(1), page, 0), 0);
    pid_t child = fork();
    if (child == 0) {
      char byte;
      (void)!read(go[0], &byte, 1);
      _exit(unmap(at));
    }
    CHILD_ASSERT_EQ(mseal(at, page, 0), 0);
    (void)!write(go[1], "x", 1);
    int status = -1;
    waitpid(child, &status, 0);
    CHILD_ASSERT_EQ(status, 0);
    CHILD_ASSERT_EQ(unmap(at), EPERM);
  });
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
  CHILD_ASSERT_EQ(at, stale);
  CHILD_ASSERT_EQ(unmap(stale), 0);
  char *own = map_pages(1);
  CHILD_ASSERT_EQ(mseal(own, page, 0), 0);
  CHILD_ASSERT_EQ(unmap(own), EPERM);
  CHILD_ASSERT_EQ(status_number("Seccomp_filters"), 1);
  _exit(0);
}

TEST_F(ServedTree, an_executed_image_is_free_of_old_seals_and_makes_new_ones) {
  in_child([] {
    // Where the kernel puts nothing of its own accord.
    auto *at = reinterpret_cast<char *>(0x200000000000);
    CHILD_ASSERT_EQ(mmap(at, page, PROT_READ,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                    at);
    CHILD_ASSERT_EQ(mseal(at, page, 0), 0);
    CHILD_ASSERT_EQ(unmap(at), EPERM);
    setenv("MEMSEAL_TEST_STALE",
           std::to_string(reinterpret_cast<std::uintptr_t>(at)).c_str(), 1);
    execl("/proc/self/exe", "stale", nullptr);
    CHILD_FAIL("the image cannot be executed");
  });
}

}  // namespace
}  // namespace memseal::test
