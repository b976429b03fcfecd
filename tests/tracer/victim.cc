// SPDX-License-Identifier: Apache-2.0
#include "tracer/victim.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <new>
#include <thread>

namespace memseal::test {
namespace {

constexpr long nr_mseal = 462;
Diary *shared = nullptr;

void note(int answer) {
  if (answer < 0 && errno == EINTR)
    ++shared->interrupted;
}

/// Keeps values in registers only and looks whether they stay.
void compute() {
  for (std::uint64_t first = 0;;) {
    std::uint64_t a = 1, b = 2, c = 3, d = 4;
    for (int i = 0; i < 20'000; ++i) {
      a = a * 6364136223846793005u + b;
      b ^= c + d;
      c += a >> 7;
      d = d * 3 + 1;
      __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
    }
    std::uint64_t sum = a ^ b ^ c ^ d;
    if (first != 0 && sum != first)
      ++shared->wrong;
    first = sum;
    ++shared->computed;
    sched_yield();
  }
}

void poll_long() {
  int epoll = epoll_create1(0);
  for (;;) {
    epoll_event event;
    note(epoll_wait(epoll, &event, 1, 20));
    ++shared->polled;
  }
}

void wait_for_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  for (;;) {
    timespec time{0, 20'000'000};
    note(sigtimedwait(&set, nullptr, &time));
    ++shared->waited;
  }
}

void wait_for_ever() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  for (;;)
    note(sigtimedwait(&set, nullptr, nullptr));
}

void kill_for_mseal() {
  sock_filter code[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, nr_mseal},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  sock_fprog program{std::size(code), code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    _exit(99);
}

void obey() {
  if (shared->command == 1) {
    auto text = reinterpret_cast<std::uintptr_t>(&compute) & ~4095ul;
    int done = mprotect(reinterpret_cast<void *>(text), 4096,
                        PROT_READ | PROT_EXEC | PROT_WRITE);
    shared->answer = done == 0 ? 0 : errno;
  } else if (shared->command == 2) {
    syscall(nr_mseal, 0, 0, 0);
  }
  shared->command = 0;
}

[[noreturn]] void live(Victim::Seccomp seccomp) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGUSR1, [](int) { ++shared->handled; });
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  if (seccomp == Victim::Seccomp::kills_mseal)
    kill_for_mseal();
  std::thread(compute).detach();
  std::thread(poll_long).detach();
  std::thread(wait_for_signals).detach();
  std::thread(wait_for_ever).detach();
  shared->ready = 1;
  for (;;) {
    obey();
    // This is the thread that a tracer borrows, so its call must end as it
    // would have: in time, or for the signal that the test sends.
    timespec time{0, 500'000};
    int answer = clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
    if (answer != 0 && answer != EINTR)
      ++shared->wrong;
    ++shared->slept;
  }
}

bool within_seconds(auto condition) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    usleep(500);
  }
  return true;
}

}  // namespace

Victim::Victim(Seccomp seccomp) {
  void *memory = mmap(nullptr, sizeof(Diary), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  diary_ = new (memory) Diary;
  pid_ = fork();
  if (pid_ == 0) {
    shared = diary_;
    live(seccomp);
  }
  if (!within_seconds([&] { return diary_->ready == 1; }))
    std::abort();
}

Victim::~Victim() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  munmap(diary_, sizeof(Diary));
}

bool Victim::gets_on() {
  std::uint64_t computed = diary_->computed, polled = diary_->polled,
                waited = diary_->waited, slept = diary_->slept;
  return within_seconds([&] {
           return diary_->computed > computed + 1 &&
                  diary_->polled > polled + 1 && diary_->waited > waited + 1 &&
                  diary_->slept > slept + 1;
         }) &&
         diary_->wrong == 0 && waitpid(pid_, nullptr, WNOHANG) == 0;
}

int Victim::mprotect_answer() {
  diary_->command = 1;
  if (!within_seconds([&] { return diary_->command == 0; }))
    return -1;
  return diary_->answer;
}

void Victim::ask_mseal() {
  diary_->command = 2;
}

}  // namespace memseal::test
