// SPDX-License-Identifier: Apache-2.0
// S-71 with a call whose moment is chosen: it is held after it has passed its
// filters, in a sleep that no signal ends, while another thread seals.
#include <dirent.h>
#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "seal/support.h"
#include "support/held_calls.h"

namespace memseal::test {
namespace {

// In the register of an argument that mremap(2) does not have: memseal makes
// such calls itself.
constexpr unsigned long mark = 0x5ea1;

/// Takes away what is on the page at `from`; `to` is a page to lose. The page
/// stays mapped, lest memseal's own memory comes to lie there.
void move_away(char *from, char *to) {
  constexpr unsigned dont_unmap = 4;  // MREMAP_DONTUNMAP, Linux 5.7
  syscall(SYS_mremap, from, page, page,
          MREMAP_MAYMOVE | MREMAP_FIXED | dont_unmap, to, mark);
}
bool is_ours(const seccomp_notif &call) {
  return call.data.nr == SYS_mremap && call.data.args[5] == mark;
}

/// Seals the page at `at` while the move of it is held; it is let go 300 ms
/// later, before memseal() returns.
void seal_and_let_go(volatile char *at, HeldCalls &calls, std::thread &mover) {
  *at = 'a';
  std::thread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    calls.let_go();
  });
  CHILD_ASSERT_EQ(
      memseal(const_cast<char *>(at), page, MEMSEAL_MAPPING, MEMSEAL_FILTER),
      0);
  char when_sealed = *at;
  mover.join();
  releaser.join();
  CHILD_ASSERT_EQ(*at, '\0');  // the call was made
  CHILD_ASSERT_EQ(when_sealed, '\0');
}

TEST(ACallInFlight, IsWaitedForAlsoWhileItsThreadSleepsInIt) {
  if (std::string why = HeldCalls::missing(); !why.empty())
    GTEST_SKIP() << why;
  in_child([] {
    char *at = fresh_pages(1), *to = fresh_pages(1);
    char *twin = fresh_pages(1);
    HeldCalls calls({SYS_mremap}, [](const seccomp_notif &call) {
      return is_ours(call) ? HeldCalls::ReturnValue::hold
                           : HeldCalls::ReturnValue::go_on;
    });
    std::thread mover([=] { move_away(at, to); });
    calls.wait_until_held(1);
    seal_and_let_go(at, calls, mover);
    // Control: without a call in flight the same succeeds.
    CHILD_ASSERT_EQ(memseal(twin, page, MEMSEAL_MAPPING, MEMSEAL_FILTER), 0);
  });
}

// --- a list of threads that the kernel cuts short --------------------------

int filters_of(int tid) {
  std::ifstream status("/proc/self/task/" + std::to_string(tid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Seccomp_filters:"))
      return std::stoi(line.substr(16));
  return -1;
}

/// A thread that waits for its order.
struct Waiting {
  enum Order { none, end, move } order = none;
  std::atomic<int> tid{0};
  std::atomic<int> ordered{none};
  std::thread thread;
};

/// What one getdents64(2) of the size that memseal uses gives of the threads.
std::size_t count_in_first_part() {
  int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  alignas(8) char buffer[4096];
  long got = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
  close(fd);
  std::size_t count = 0;
  for (long at = 0; at < got;) {
    auto *entry = reinterpret_cast<dirent64 *>(buffer + at);
    count += entry->d_name[0] != '.';
    at += entry->d_reclen;
  }
  return count;
}

// The kernel continues the list at the thread it stopped before. If that one
// has ended it counts from the first; if another has ended too, it thereby
// skips one.
TEST(AThreadThatTheListSkips, IsFoundByReadingItAgain) {
  if (std::string why = HeldCalls::missing(); !why.empty())
    GTEST_SKIP() << why;
  in_child([] {
    char *at = fresh_pages(1), *to = fresh_pages(1);
    static std::vector<Waiting> crowd(300);
    static std::atomic<int> parts{0};
    static std::size_t cursor = 0;
    static const int sealer = static_cast<int>(syscall(SYS_gettid));
    static int filters_before = 0;
    auto end = [](Waiting &one) {
      one.ordered = Waiting::end;
      one.ordered.notify_one();
      one.thread.join();
    };
    HeldCalls calls(
        {SYS_mremap, SYS_getdents64}, [&](const seccomp_notif &call) {
          if (is_ours(call))
            return HeldCalls::ReturnValue::hold;
          // The second part of the first list after the filter was
          // put on.
          if (call.data.nr == SYS_getdents64 && cursor != 0 &&
              filters_of(sealer) > filters_before + 1 && ++parts == 2) {
            end(crowd[1]);
            end(crowd[cursor]);
          }
          return HeldCalls::ReturnValue::go_on;
        });
    for (Waiting &one : crowd) {
      one.thread = std::thread([&one, at, to] {
        one.tid = static_cast<int>(syscall(SYS_gettid));
        one.tid.notify_one();
        one.ordered.wait(Waiting::none);
        if (one.ordered == Waiting::move)
          move_away(at, to);
      });
      one.tid.wait(0);
    }
    // Before the crowd are this thread and the one that answers.
    cursor = count_in_first_part() - 2;
    filters_before = filters_of(sealer);
    Waiting &skipped = crowd[cursor + 1];
    skipped.ordered = Waiting::move;
    skipped.ordered.notify_one();
    calls.wait_until_held(1);
    seal_and_let_go(at, calls, skipped.thread);
    CHILD_ASSERT_GE(parts.load(), 2);  // the list was cut
    for (Waiting &one : crowd)
      if (one.thread.joinable())
        end(one);
  });
}

}  // namespace
}  // namespace memseal::test
