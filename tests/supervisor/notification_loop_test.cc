// SPDX-License-Identifier: Apache-2.0
// Threads under a filter that asks about every munmap of one address, and the
// loop that answers them.
#include "supervisor/notification_loop.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "supervisor/range_judge.h"

namespace memseal::supervisor {
namespace {

constexpr std::uint32_t address = 0x10000000;  // one word: the filter is short
constexpr std::size_t page = 4096;

/// Asks about munmap(address, ...), allows all else. Returns its listener.
int install_filter() {
  const sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, address, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{std::size(code), const_cast<sock_filter *>(code)};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                  SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

/// Answers always the same, and counts.
class Constant : public Judge {
public:
  explicit Constant(Verdict verdict) : verdict_(verdict) {}
  Verdict judge(pid_t, const seccomp_data &, MemoryCall &call) override {
    ++calls;
    ranges = call.ranges;
    return verdict_;
  }
  int calls = 0;
  std::vector<PageRange> ranges;

private:
  Verdict verdict_;
};

/// Runs `program` in a process under the filter, and the loop here with what
/// `supervise` does. Returns the process's exit status, -1 if the loop did not
/// end well.
int run(const std::function<int()> &program,
        const std::function<bool(pid_t, int)> &supervise) {
  int numbers[2], go[2];
  if (pipe(numbers) != 0 || pipe(go) != 0)
    return -1;
  pid_t child = fork();
  if (child == 0) {
    int listener = install_filter();
    char byte;
    if (write(numbers[1], &listener, sizeof listener) != sizeof listener ||
        read(go[0], &byte, 1) != 1)
      _exit(99);
    close(listener);
    _exit(program());
  }
  int theirs = -1;
  if (read(numbers[0], &theirs, sizeof theirs) != sizeof theirs)
    return -1;
  int process = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  int listener = static_cast<int>(syscall(SYS_pidfd_getfd, process, theirs, 0));
  if (write(go[1], "g", 1) != 1)
    return -1;
  // Before Linux 6.11 a zombie still uses its filter: the loop ends when the
  // process has been waited for.
  int status = 0;
  std::thread waiting([&] { waitpid(child, &status, 0); });
  bool ended = supervise(child, listener);
  for (int fd : {numbers[0], numbers[1], go[0], go[1], process, listener})
    close(fd);
  waiting.join();
  return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool map_it() {
  return mmap(reinterpret_cast<void *>(address), page, PROT_READ,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}
long unmap_it() {
  return munmap(reinterpret_cast<void *>(address), page) == 0 ? 0 : -errno;
}
bool is_mapped() {
  return madvise(reinterpret_cast<void *>(address), page, MADV_NORMAL) == 0;
}

Verdict violation(long value) {
  return {.kind = Verdict::Kind::answer, .value = value, .violation = true};
}

TEST(Loop, gives_the_thread_what_the_judge_decides) {
  Constant proceeds({}), refuses(violation(-EPERM)), pretends(violation(0));
  EXPECT_EQ(
      run([] { return map_it() && unmap_it() == 0 && !is_mapped() ? 0 : 1; },
          [&](pid_t, int listener) {
            return answer_notifications(listener, proceeds, nullptr);
          }),
      0);
  EXPECT_EQ(proceeds.calls, 1);
  ASSERT_EQ(proceeds.ranges.size(), 1u);
  EXPECT_EQ(proceeds.ranges[0].begin(), address);
  EXPECT_EQ(run(
                [] {
                  return map_it() && unmap_it() == -EPERM && is_mapped() ? 0
                                                                         : 1;
                },
                [&](pid_t, int listener) {
                  return answer_notifications(listener, refuses, nullptr);
                }),
            0);
  EXPECT_EQ(
      run([] { return map_it() && unmap_it() == 0 && is_mapped() ? 0 : 1; },
          [&](pid_t, int listener) {
            return answer_notifications(listener, pretends, nullptr);
          }),
      0);
}

struct Told {
  std::vector<report::CallOutcome> outcomes;
  std::vector<std::string> threads, objects;
};

WatchJob job(OnViolation on_violation, Told &told) {
  return {.on_violation = on_violation,
          .tell =
              [&](const report::Violation &violation) {
                told.outcomes.push_back(violation.outcome);
                told.threads.push_back(violation.thread);
                told.objects.push_back(violation.sealed != nullptr
                                           ? violation.sealed->object
                                           : "");
              },
          .ranges_of =
              [](pid_t) {
                return std::vector<report::SealedRange>{
                    {*PageRange::create(address, page, page), "it", "text"}};
              }};
}

TEST(Loop, tells_of_violations_and_denies_or_permits_them) {
  for (OnViolation on_violation : {OnViolation::report, OnViolation::permit}) {
    Constant judge(violation(-EPERM));
    ThreadTable threads;
    Told told;
    ViolationWatch watch(threads, job(on_violation, told));
    const bool denies = on_violation == OnViolation::report;
    EXPECT_EQ(run(
                  [=] {
                    prctl(PR_SET_NAME, "told");
                    return map_it() && unmap_it() == (denies ? -EPERM : 0) &&
                                   is_mapped() == denies
                               ? 0
                               : 1;
                  },
                  [&](pid_t, int listener) {
                    return answer_notifications(listener, judge, &watch);
                  }),
              0);
    EXPECT_EQ(told.outcomes,
              std::vector{denies ? report::CallOutcome::denied
                                 : report::CallOutcome::permitted});
    EXPECT_EQ(told.threads, std::vector<std::string>{"told"});
    EXPECT_EQ(told.objects, std::vector<std::string>{"it"});
    EXPECT_EQ(watch.counts().violations, 1u);
    EXPECT_EQ(watch.counts().vanished, 0u);
  }
}

TEST(Loop, tells_nobody_of_calls_that_no_seal_forbids) {
  Verdict plain{.kind = Verdict::Kind::answer, .value = -ENOMEM};
  Constant judge(plain);
  ThreadTable threads;
  Told told;
  ViolationWatch watch(threads, job(OnViolation::permit, told));
  EXPECT_EQ(run([] { return unmap_it() == -ENOMEM ? 0 : 1; },
                [&](pid_t, int listener) {
                  return answer_notifications(listener, judge, &watch);
                }),
            0);
  EXPECT_TRUE(told.outcomes.empty());
}

TEST(Loop, counts_threads_that_are_gone_before_they_are_told_of) {
  class Killer : public Judge {
  public:
    Verdict judge(pid_t thread, const seccomp_data &, MemoryCall &) override {
      kill(thread, SIGKILL);
      int process = static_cast<int>(syscall(SYS_pidfd_open, thread, 0));
      siginfo_t ended{};
      waitid(P_PIDFD, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT);
      close(process);
      return violation(-EPERM);
    }
  } judge;
  ThreadTable threads;
  Told told;
  ViolationWatch watch(threads, job(OnViolation::report, told));
  EXPECT_EQ(run([] { return static_cast<int>(unmap_it()); },
                [&](pid_t, int listener) {
                  return !answer_notifications(listener, judge, &watch);
                }),
            -1);
  EXPECT_TRUE(told.outcomes.empty());
  EXPECT_EQ(watch.counts().vanished, 1u);
}

/// What a judge for the image that a process began with says of its munmap.
void judge_ranges(ThreadTable &threads, pid_t process, int listener,
                  const char *what) {
  RangeJudge judge(threads, process);
  EXPECT_TRUE(answer_notifications(listener, judge, nullptr)) << what;
}

TEST(RangeJudge, refuses_what_its_image_and_its_forks_do) {
  ThreadTable threads;
  EXPECT_EQ(run(
                [] {
                  if (!map_it() || unmap_it() != -EPERM)
                    return 1;
                  pid_t child = fork();
                  if (child == 0)
                    _exit(unmap_it() == -EPERM ? 0 : 1);
                  int status = 0;
                  waitpid(child, &status, 0);
                  return status;
                },
                [&](pid_t child, int listener) {
                  judge_ranges(threads, child, listener, "own");
                  return true;
                }),
            0);
}

TEST(RangeJudge, answers_brk_as_the_kernel_does_when_it_refuses) {
  ThreadTable threads;
  RangeJudge judge(threads, getpid());
  MemoryCall lowers{.effect = Effect::lower_break, .ranges = {}};
  MemoryCall changes{.effect = Effect::change, .ranges = {}};
  EXPECT_EQ(judge.judge(getpid(), {}, lowers).value, 0);
  EXPECT_EQ(judge.judge(getpid(), {}, changes).value, -EPERM);
  EXPECT_TRUE(judge.judge(getpid(), {}, changes).violation);
  EXPECT_EQ(judge.stale(), 0u);
}

TEST(RangeJudge, lets_another_image_go_on) {
  pid_t other = fork();
  if (other == 0) {
    execl("/bin/sleep", "sleep", "30", nullptr);
    _exit(1);
  }
  ThreadTable threads;
  RangeJudge judge(threads, getpid());
  MemoryCall call{.effect = Effect::change, .ranges = {}};
  Verdict verdict;
  for (int i = 0; i < 1000; ++i) {  // until it has executed
    verdict = judge.judge(other, {}, call);
    if (verdict.kind == Verdict::Kind::proceed)
      break;
    usleep(10'000);
  }
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
  EXPECT_EQ(verdict.kind, Verdict::Kind::proceed);
  EXPECT_FALSE(verdict.violation);
  EXPECT_EQ(judge.stale(), 1u);
}

}  // namespace
}  // namespace memseal::supervisor
