// SPDX-License-Identifier: Apache-2.0
// What a filter costs the calls it judges and those it does not, at 1 to 1,200
// sealed ranges, beside no seal, mseal(2), a stack of one-range filters, and a
// supervisor that is asked about each call (seccomp's user notification; the
// best case: it answers at once, without looking anything up).
//
//   filter_cost [--quick] [--svg=FILE]
//
// Every peer is a process of its own, since filters cannot be taken off. They
// take turns, a short round each, so that whatever else the machine does hits
// all alike; a cell is the median of a peer's rounds over that of no seal.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "filter/compiler.h"
#include "guard_programs.h"
#include "svg_chart.h"
#include "sys/seccomp.h"

namespace {

using namespace memseal;

constexpr std::size_t page = 4096;

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
  const char *goal;  // for the filter with 1,200 ranges
  std::function<void(char *)> once;
};
// munmap+mmap stands twice: a program that maps a page goes on to touch it; the
// calls alone are cheaper, and the filter's part in them larger.
const Operation operations[] = {
    {"mprotect", "1.20",
     [](char *p) {
       mprotect(p, page, PROT_READ);
       mprotect(p, page, PROT_READ | PROT_WRITE);
     }},
    {"un+mmap used", "1.03",
     [](char *p) {
       munmap(p, page);
       (void)mmap(p, page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
       *static_cast<volatile char *>(p) = 1;
     }},
    {"un+mmap bare", "",
     [](char *p) {
       munmap(p, page);
       (void)mmap(p, page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
     }},
    {"madvise", "", [](char *p) { madvise(p, page, MADV_DONTNEED); }},
    {"getppid", "", [](char *) { syscall(SYS_getppid); }},
    {"read", "",
     [](char *) {
       static const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
       static char byte;
       (void)!read(zero, &byte, 1);
     }},
};
constexpr std::size_t operation_count = std::size(operations);

struct Setup {
  std::uint32_t programs = 0, instructions = 0;
  double install_us = 0;
};

void install(std::span<const filter::GuardedRange> guarded, Setup &setup) {
  auto programs = bench::compile_guard(guarded);
  if (programs.empty())
    std::abort();
  for (const bpf::Program &program : programs) {
    auto code = program.instructions();
    double begin = now_ns();
    if (!sys::install_filter(
            {reinterpret_cast<const sock_filter *>(code.data()), code.size()}))
      std::abort();
    setup.install_us += (now_ns() - begin) / 1000;
    setup.instructions += program.size();
    ++setup.programs;
  }
}

/// The smallest filter there is: what any seccomp filter costs.
void install_nothing() {
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  if (!sys::install_filter({&allow, 1}))
    std::abort();
}

/// A filter that asks about every call that changes mappings, and a thread,
/// older than the filter and so outside it, that lets all go on.
void install_asking() {
  static std::atomic<int> listener = -1;
  std::thread([] {
    while (listener < 0)
      usleep(100);
    for (;;) {
      seccomp_notif asked{};
      if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
        continue;
      seccomp_notif_resp answer{};
      answer.id = asked.id;
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
      ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
  }).detach();
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
  sock_fprog program{std::size(code), code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  listener =
      static_cast<int>(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                               SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
  if (listener < 0)
    std::abort();
}

enum class Kind { none, native, any, filter, stack, asking };

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
    if (peer.kind == Kind::native && syscall(462, at, page, 0) != 0)
      std::abort();
  }
  Setup setup;
  if (peer.kind == Kind::any)
    install_nothing();
  if (peer.kind == Kind::asking)
    install_asking();
  if (peer.kind == Kind::filter)
    install(guarded, setup);
  for (std::size_t i = 0; peer.kind == Kind::stack && i < peer.ranges; ++i)
    install(std::span(guarded).subspan(i, 1), setup);
  (void)!write(answer, &setup, sizeof setup);
  int which;
  while (read(order, &which, sizeof which) == sizeof which) {
    constexpr int repeats = 300;
    double begin = now_ns();
    for (int i = 0; i < repeats; ++i)
      operations[which].once(free_page);
    double each = (now_ns() - begin) / repeats;
    (void)!write(answer, &each, sizeof each);
  }
  _exit(0);
}

/// Returns whether the peer could be set up.
bool start(Peer &peer) {
  int order[2], answer[2];
  if (pipe(order) != 0 || pipe(answer) != 0)
    std::abort();
  std::fflush(stdout);
  if (fork() == 0) {
    close(order[1]);
    serve(peer, order[0], answer[1]);
  }
  close(order[0]);
  close(answer[1]);
  peer.order = order[1];
  peer.answer = answer[0];
  if (read(peer.answer, &peer.setup, sizeof peer.setup) == sizeof peer.setup)
    return true;
  std::printf("%s with %zu ranges cannot be set up here\n", peer.name,
              peer.ranges);
  return false;
}

void take_turns(std::vector<Peer> &peers, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (int which = 0; which < int{operation_count}; ++which) {
      for (Peer &peer : peers) {
        double each = 0;
        if (write(peer.order, &which, sizeof which) != sizeof which ||
            read(peer.answer, &each, sizeof each) != sizeof each)
          std::abort();
        peer.times[which].push_back(each);
      }
    }
  }
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Of times within a round, so that what slows a round down cancels out.
double ratio(const Peer &peer, const Peer &none, std::size_t operation) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < none.times[operation].size(); ++i)
    ratios.push_back(peer.times[operation][i] / none.times[operation][i]);
  return median(ratios);
}

void print_table(const std::vector<Peer> &peers) {
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
      std::printf(" %11.2fx", ratio(peer, peers[0], i));
    std::printf("\n");
  }
  std::printf("%-41s", "goal for a filter with 1,200 ranges");
  for (const Operation &operation : operations)
    std::printf(" %12s", operation.goal);
  std::printf("\n");
  std::puts(
      "  none: nothing is sealed, all is relative to it; any: the "
      "smallest seccomp filter;\n  asks: each call goes to a supervisor "
      "that allows it at once");
}

void draw(const std::vector<Peer> &peers, const std::string &file) {
  struct Line {
    Kind kind;
    std::size_t operation;
    const char *label, *colour;
  };
  constexpr Line lines[] = {
      {Kind::asking, 0, "mprotect, supervisor asked", "#7b3294"},
      {Kind::stack, 0, "mprotect, a filter a range", "#d7301f"},
      {Kind::filter, 0, "mprotect, memseal", "#08519c"},
      {Kind::filter, 1, "munmap+mmap, memseal", "#238b45"},
      {Kind::filter, 4, "getppid, memseal", "#737373"}};
  bench::Chart chart{.title = "What sealing by a filter costs a call",
                     .x_title = "sealed ranges",
                     .y_title = "time, relative to nothing sealed"};
  for (const Line &line : lines) {
    bench::Series series{line.label, line.colour};
    for (const Peer &peer : peers) {
      double y = ratio(peer, peers[0], line.operation);
      if (peer.kind != line.kind)
        continue;
      series.points.push_back({static_cast<double>(peer.ranges), y});
      if (line.kind == Kind::asking)  // the same for any number
        series.points.push_back({1200, y});
    }
    chart.series.push_back(series);
  }
  std::ofstream(file) << bench::svg(chart);
  std::printf("chart: %s\n", file.c_str());
}

}  // namespace

int main(int argc, char **argv) {
  int rounds = 41;
  std::string file;
  for (const char *argument : std::span(argv, static_cast<std::size_t>(argc))) {
    std::string_view word = argument;
    if (word == "--quick")
      rounds = 9;
    if (word.starts_with("--svg="))
      file = word.substr(6);
  }
  std::vector<Peer> wanted = {{Kind::none, 0, "none"}, {Kind::any, 0, "any"}};
  for (std::size_t n : {1u, 1200u})
    wanted.push_back({Kind::native, n, "native"});
  for (std::size_t n : {1u, 10u, 100u, 600u, 1200u})
    wanted.push_back({Kind::filter, n, "filter"});
  for (std::size_t n : {1u, 10u, 40u, 100u})
    wanted.push_back({Kind::stack, n, "stack"});
  wanted.push_back({Kind::asking, 1, "asks"});
  std::vector<Peer> peers;
  for (Peer &peer : wanted) {
    if (start(peer))
      peers.push_back(peer);
  }
  if (peers.empty() || peers[0].kind != Kind::none)
    return 77;
  take_turns(peers, rounds);
  print_table(peers);
  if (!file.empty())
    draw(peers, file);
}
