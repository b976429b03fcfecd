// SPDX-License-Identifier: Apache-2.0
// Peers that take turns: each is a process of its own, since filters cannot be
// taken off, and does short rounds when it is its turn, so that whatever else
// the machine does hits all alike.
#pragma once

#include <linux/filter.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <vector>

#include "bpf/assembler.h"
#include "filter/compiler.h"
#include "filter_programs.h"
#include "sys/seccomp.h"

namespace memseal::bench {

inline constexpr std::size_t page = 4096;

inline double now_ns() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

inline char *map(std::size_t size) {
  void *at = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<char *>(at);
}

/// A page whose neighbours can never merge with it: VMAs that merge and split
/// cost more than any filter.
inline char *lonely_page() {
  char *three = map(3 * page);
  mprotect(three, page, PROT_NONE);
  mprotect(three + 2 * page, page, PROT_NONE);
  return three + page;
}

// --- what is timed, on a lonely page -----------------------------------------

inline void protect(char *p) {
  mprotect(p, page, PROT_READ);
  mprotect(p, page, PROT_READ | PROT_WRITE);
}
inline void replace(char *p) {
  munmap(p, page);
  (void)mmap(p, page, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
inline void advise(char *p) {
  madvise(p, page, MADV_DONTNEED);
}
inline void ask_nothing(char *) {
  syscall(SYS_getppid);
}

struct Operation {
  const char *name;
  const char *goal;  ///< for a filter with 1,200 ranges
  void (*once)(char *page);
};

// --- peers -------------------------------------------------------------------

/// What a peer installed before it began.
struct Setup {
  std::uint32_t programs = 0, instructions = 0;
  double install_us = 0;
};

inline void install(const bpf::Program &program, Setup &setup) {
  auto code = program.instructions();
  double begin = now_ns();
  if (!sys::install_filter(
          {reinterpret_cast<const sock_filter *>(code.data()), code.size()}))
    std::abort();
  setup.install_us += (now_ns() - begin) / 1000;
  setup.instructions += program.size();
  ++setup.programs;
}

inline void install(std::span<const filter::GuardedRange> guarded,
                    Setup &setup) {
  auto programs = compile_programs(guarded);
  if (programs.empty())
    std::abort();
  for (const bpf::Program &program : programs)
    install(program, setup);
}

/// `count` pages with a gap behind each, as ranges with all types.
inline std::vector<filter::GuardedRange> scattered_pages(std::size_t count) {
  char *at = map(2 * count * page + page);
  std::vector<filter::GuardedRange> guarded;
  for (std::size_t i = 0; i < count; ++i)
    guarded.push_back(
        {*PageRange::create(reinterpret_cast<Address>(at + 2 * i * page), page,
                            page),
         seal_type::all});
  return guarded;
}

class Peer {
public:
  /// Starts the process; `prepare` runs in it.
  Peer(const char *name, std::size_t ranges,
       std::span<const Operation> operations, int repeats,
       const std::function<Setup()> &prepare)
      : name_(name), ranges_(ranges), times_(operations.size()) {
    int order[2], answer[2];
    if (pipe(order) != 0 || pipe(answer) != 0)
      std::abort();
    std::fflush(stdout);
    if (fork() == 0) {
      close(order[1]);
      serve(operations, repeats, prepare(), order[0], answer[1]);
    }
    close(order[0]);
    close(answer[1]);
    order_ = order[1];
    answer_ = answer[0];
    is_ready_ = read(answer_, &setup_, sizeof setup_) == sizeof setup_;
  }

  const char *name() const { return name_; }
  std::size_t ranges() const { return ranges_; }
  const Setup &setup() const { return setup_; }
  /// Whether it could be set up on this machine.
  bool is_ready() const { return is_ready_; }

  void take_turn(int operation) {
    double each = 0;
    if (write(order_, &operation, sizeof operation) != sizeof operation ||
        read(answer_, &each, sizeof each) != sizeof each)
      std::abort();
    times_[static_cast<std::size_t>(operation)].push_back(each);
  }

  /// The median of ratios of times within a round, so that what slows a round
  /// down cancels out.
  double ratio(const Peer &base, std::size_t operation) const {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < times_[operation].size(); ++i)
      ratios.push_back(times_[operation][i] / base.times_[operation][i]);
    return median(ratios);
  }

private:
  /// In the peer's process.
  [[noreturn]] static void serve(std::span<const Operation> operations,
                                 int repeats, const Setup &setup, int order,
                                 int answer) {
    char *free_page = lonely_page();
    (void)!write(answer, &setup, sizeof setup);
    int which;
    while (read(order, &which, sizeof which) == sizeof which) {
      auto once = operations[static_cast<std::size_t>(which)].once;
      double begin = now_ns();
      for (int i = 0; i < repeats; ++i)
        once(free_page);
      double each = (now_ns() - begin) / repeats;
      (void)!write(answer, &each, sizeof each);
    }
    _exit(0);
  }

  const char *name_;
  std::size_t ranges_;
  int order_ = -1, answer_ = -1;  // pipes to and from the process
  bool is_ready_ = false;
  Setup setup_;
  std::vector<std::vector<double>> times_;
};

inline void take_turns(std::span<Peer> peers, std::size_t operations,
                       int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t which = 0; which < operations; ++which) {
      for (Peer &peer : peers)
        peer.take_turn(static_cast<int>(which));
    }
  }
}

/// A line a peer: how it was set up, and its ratios over the first peer.
inline void print_table(std::span<const Peer> peers,
                        std::span<const Operation> operations) {
  std::printf("%-7s %6s %8s %6s %10s", "peer", "ranges", "programs", "insns",
              "install us");
  for (const Operation &operation : operations)
    std::printf(" %12s", operation.name);
  std::printf("\n");
  for (const Peer &peer : peers) {
    const Setup &setup = peer.setup();
    std::printf("%-7s %6zu %8u %6u %10.0f", peer.name(), peer.ranges(),
                setup.programs, setup.instructions, setup.install_us);
    for (std::size_t i = 0; i < operations.size(); ++i)
      std::printf(" %11.2fx", peer.ratio(peers[0], i));
    std::printf("\n");
  }
}

}  // namespace memseal::bench
