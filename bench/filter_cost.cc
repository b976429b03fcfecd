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
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include <atomic>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

#include "peers.h"
#include "svg_chart.h"

namespace {

using namespace memseal;
using bench::Setup;

// munmap+mmap stands twice: a program that maps a page goes on to touch it; the
// calls alone are cheaper, and the filter's part in them larger.
constexpr bench::Operation operations[] = {
    {"mprotect", "1.20", bench::protect},
    {"un+mmap used", "1.03",
     [](char *p) {
       bench::replace(p);
       *static_cast<volatile char *>(p) = 1;
     }},
    {"un+mmap bare", "", bench::replace},
    {"madvise", "", bench::advise},
    {"getppid", "", bench::ask_nothing},
    {"read", "",
     [](char *) {
       static const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
       static char byte;
       (void)!read(zero, &byte, 1);
     }},
};
constexpr int repeats = 300;

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

struct Contestant {
  Kind kind;
  const char *name;
  std::size_t ranges;
};

/// In the peer's process.
Setup prepare(const Contestant &contestant) {
  auto guarded = bench::scattered_pages(contestant.ranges);
  Setup setup;
  switch (contestant.kind) {
    case Kind::none:
      break;
    case Kind::any:
      install_nothing();
      break;
    case Kind::asking:
      install_asking();
      break;
    case Kind::native:
      for (const filter::GuardedRange &one : guarded) {
        if (syscall(462, one.range.begin(), one.range.size(), 0) != 0)
          std::abort();
      }
      break;
    case Kind::filter:
      bench::install(guarded, setup);
      break;
    case Kind::stack:
      for (std::size_t i = 0; i < guarded.size(); ++i)
        bench::install(std::span(guarded).subspan(i, 1), setup);
      break;
  }
  return setup;
}

void print_goals() {
  std::printf("%-41s", "goal for a filter with 1,200 ranges");
  for (const bench::Operation &operation : operations)
    std::printf(" %12s", operation.goal);
  std::printf("\n");
  std::puts(
      "  none: nothing is sealed, all is relative to it; any: the "
      "smallest seccomp filter;\n  asks: each call goes to a supervisor "
      "that allows it at once");
}

void draw(std::span<const bench::Peer> peers, const std::string &file) {
  struct Line {
    std::string_view peer;
    std::size_t operation;
    const char *label, *colour;
  };
  constexpr Line lines[] = {
      {"asks", 0, "mprotect, supervisor asked", "#7b3294"},
      {"stack", 0, "mprotect, a filter a range", "#d7301f"},
      {"filter", 0, "mprotect, memseal", "#08519c"},
      {"filter", 1, "munmap+mmap, memseal", "#238b45"},
      {"filter", 4, "getppid, memseal", "#737373"}};
  bench::Chart chart{.title = "What sealing by a filter costs a call",
                     .x_title = "sealed ranges",
                     .y_title = "time, relative to nothing sealed"};
  for (const Line &line : lines) {
    bench::Series series{line.label, line.colour};
    for (const bench::Peer &peer : peers) {
      if (peer.name() != line.peer)
        continue;
      double y = peer.ratio(peers[0], line.operation);
      series.points.push_back({static_cast<double>(peer.ranges()), y});
      if (line.peer == "asks")  // the same for any number
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
  std::vector<Contestant> contestants = {{Kind::none, "none", 0},
                                         {Kind::any, "any", 0}};
  for (std::size_t n : {1u, 1200u})
    contestants.push_back({Kind::native, "native", n});
  for (std::size_t n : {1u, 10u, 100u, 600u, 1200u})
    contestants.push_back({Kind::filter, "filter", n});
  for (std::size_t n : {1u, 10u, 40u, 100u})
    contestants.push_back({Kind::stack, "stack", n});
  contestants.push_back({Kind::asking, "asks", 1});

  std::vector<bench::Peer> peers;
  for (const Contestant &one : contestants) {
    bench::Peer peer(one.name, one.ranges, operations, repeats,
                     [&one] { return prepare(one); });
    if (peer.is_ready())
      peers.push_back(std::move(peer));
    else if (one.kind == Kind::none)
      return 77;
    else
      std::printf("%s with %zu ranges cannot be set up here\n", one.name,
                  one.ranges);
  }
  bench::take_turns(peers, std::size(operations), rounds);
  bench::print_table(peers, operations);
  print_goals();
  if (!file.empty())
    draw(peers, file);
}
