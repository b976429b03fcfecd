// SPDX-License-Identifier: Apache-2.0
// What memseal's filters cost the calls they judge and those they do not: the
// base filter with 0 to 600 sealed ranges, over no filter. Short, for machines
// under emulation, where the clock may count instructions (matrix/README.md);
// filter_cost has the peers and the rounds for real ones.
//
// Every peer is a process of its own, since filters cannot be taken off. They
// take turns; a cell is the median of a peer's rounds over that of no filter.
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
#include <vector>

#include "filter/compiler.h"
#include "guard_programs.h"
#include "sys/seccomp.h"

namespace {

using namespace memseal;

constexpr std::size_t page = 4096;
constexpr int rounds = 9, repeats = 100;

double now_ns() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

char *map(std::size_t size) {
  void *at = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<char *>(at);
}

/// A page whose neighbours can never merge with it: VMAs that merge and split
/// cost more than any filter.
char *lonely_page() {
  char *three = map(3 * page);
  mprotect(three, page, PROT_NONE);
  mprotect(three + 2 * page, page, PROT_NONE);
  return three + page;
}

struct Operation {
  const char *name;
  std::function<void(char *)> once;
};
const Operation operations[] = {
    {"mprotect",
     [](char *p) {
       mprotect(p, page, PROT_READ);
       mprotect(p, page, PROT_READ | PROT_WRITE);
     }},
    {"munmap+mmap",
     [](char *p) {
       munmap(p, page);
       (void)mmap(p, page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
     }},
    {"madvise", [](char *p) { madvise(p, page, MADV_DONTNEED); }},
    {"getppid", [](char *) { syscall(SYS_getppid); }},
};
constexpr std::size_t operation_count = std::size(operations);

struct Setup {
  std::uint32_t programs = 0, instructions = 0;
  double install_us = 0;
};

void install(const bpf::Program &program, Setup &setup) {
  auto code = program.instructions();
  double begin = now_ns();
  if (!sys::install_filter(
          {reinterpret_cast<const sock_filter *>(code.data()), code.size()}))
    std::abort();
  setup.install_us += (now_ns() - begin) / 1000;
  setup.instructions += program.size();
  ++setup.programs;
}

void install_base(Setup &setup) {
  static bpf::Instruction storage[bpf::max_instructions];
  auto program = filter::compile_base(BaseLevel::compatible,
                                      filter::native_architecture(), storage);
  if (!program)
    std::abort();
  install(*program, setup);
}

void install(std::span<const filter::GuardedRange> guarded, Setup &setup) {
  auto programs = bench::compile_guard(guarded);
  if (programs.empty())
    std::abort();
  for (const bpf::Program &program : programs)
    install(program, setup);
}

enum class Kind { none, memseal };

struct Peer {
  Kind kind;
  std::size_t ranges;
  const char *name;
  int order = -1, answer = -1;  // pipes to and from the process
  Setup setup = {};
  std::vector<double> times[operation_count] = {};
};

/// In the peer's process.
[[noreturn]] void serve(const Peer &peer, int order, int answer) {
  char *sealed = map(2 * peer.ranges * page + page), *free_page = lonely_page();
  std::vector<filter::GuardedRange> guarded;
  for (std::size_t i = 0; i < peer.ranges; ++i) {
    char *at = sealed + 2 * i * page;
    guarded.push_back(
        {*PageRange::create(reinterpret_cast<Address>(at), page, page),
         seal_type::all});
  }
  Setup setup;
  if (peer.kind == Kind::memseal)
    install_base(setup);
  if (peer.ranges != 0)
    install(guarded, setup);
  (void)!write(answer, &setup, sizeof setup);
  int which;
  while (read(order, &which, sizeof which) == sizeof which) {
    double begin = now_ns();
    for (int i = 0; i < repeats; ++i)
      operations[which].once(free_page);
    double each = (now_ns() - begin) / repeats;
    (void)!write(answer, &each, sizeof each);
  }
  _exit(0);
}

void start(Peer &peer) {
  int order[2], answer[2];
  if (pipe(order) != 0 || pipe(answer) != 0)
    std::abort();
  if (fork() == 0) {
    close(order[1]);
    serve(peer, order[0], answer[1]);
  }
  close(order[0]);
  close(answer[1]);
  peer.order = order[1];
  peer.answer = answer[0];
  if (read(peer.answer, &peer.setup, sizeof peer.setup) != sizeof peer.setup) {
    std::fprintf(stderr, "filter_instructions: %s %zu cannot be set up here\n",
                 peer.name, peer.ranges);
    std::exit(77);
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main() {
  std::vector<Peer> peers;
  peers.push_back({Kind::none, 0, "none"});
  for (std::size_t n : {0u, 1u, 100u, 600u})
    peers.push_back({Kind::memseal, n, "memseal"});
  for (Peer &peer : peers)
    start(peer);
  for (int round = 0; round < rounds; ++round) {
    for (int which = 0; which < int{operation_count}; ++which) {
      for (Peer &peer : peers) {
        double each = 0;
        if (write(peer.order, &which, sizeof which) != sizeof which ||
            read(peer.answer, &each, sizeof each) != sizeof each)
          return 1;
        peer.times[which].push_back(each);
      }
    }
  }
  std::printf("%-7s %6s %8s %6s %10s", "peer", "ranges", "programs", "insns",
              "install us");
  for (const Operation &operation : operations)
    std::printf(" %12s", operation.name);
  std::printf("\n");
  for (const Peer &peer : peers) {
    std::printf("%-7s %6zu %8u %6u %10.0f", peer.name, peer.ranges,
                peer.setup.programs, peer.setup.instructions,
                peer.setup.install_us);
    for (std::size_t i = 0; i < operation_count; ++i)
      std::printf(" %11.2fx",
                  median(peer.times[i]) / median(peers[0].times[i]));
    std::printf("\n");
  }
}
