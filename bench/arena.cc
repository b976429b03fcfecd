// SPDX-License-Identifier: Apache-2.0
// What sealing data costs, beside what a user would pick instead.
//
// Every contestant builds and seals the same objects, in a process of its own.
// Rounds are interleaved, in random order within a round, so that a machine
// that slows down slows all of them. Printed are medians of processor time and,
// what counts, of ratios within a round.
//
//   whole us   an object: memory for it, filling it, sealing it
//   seal us    what of that is sealing: less the same round's building of the
//              same objects without any sealing, in an arena for the arenas, in
//              the plain loop for the others
//   sodium     how many times as long libsodium takes, of either
//
// An arena takes memory ahead, a plain loop one page fault an object. So a loop
// that takes memory as the arena does stands beside it: "mprotect, tuned".
// Making an arena or initialising libsodium, and one object to warm up, come
// before the clock starts and stand in a column of their own. On a virtual
// machine the first use of a page ever is the host's work and ten times as
// slow: all memory that will be needed is touched once before anything is
// measured.
//
// libsodium needs four mappings an object and so ends at about 16,000 of them
// by the kernel's default limit; as root, the limit is raised for the time of
// the benchmark.
//
// usage: arena [--quick] [1000 | 100000 | 1000000]: only so many objects
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "arena_contestants.h"

namespace {

using namespace memseal::bench;

struct Measured {
  std::size_t objects = 0;
  double setup_us = 0;  // before the first object
  double us = 0;        // an object, built and sealed
  double read_ns = 0;   // an object, one byte read
  double bytes = 0;     // resident and page tables, an object
  double mappings = 0;  // of the process, afterwards
};

double kib(const char *file, const char *key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key))
      return std::stod(line.substr(std::strlen(key)));
  return 0;
}

double count_mappings() {
  std::ifstream maps("/proc/self/maps");
  return static_cast<double>(
      std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

double memory_kib() {
  return kib("/proc/self/status", "VmRSS:") +
         kib("/proc/self/status", "VmPTE:");
}

Measured measured_here(Contestant contestant, Work work) {
  double before = memory_kib();
  double begin = now_us();
  auto made = contestant(work);
  double built = now_us();
  Measured result{.objects = made.size()};
  double n = static_cast<double>(std::max<std::size_t>(made.size(), 1));
  result.setup_us = ready_us - begin;
  result.us = (built - ready_us) / n;
  result.bytes = (memory_kib() - before) * 1024 / n - sizeof(void *);
  begin = now_us();
  for (volatile char *object : made)
    (void)*object;
  result.read_ns = (now_us() - begin) * 1000 / n;
  result.mappings = count_mappings();
  return result;
}

Measured measure(Contestant contestant, Work work) {
  int ends[2];
  if (pipe(ends) != 0)
    std::abort();
  pid_t child = fork();
  if (child == 0) {
    Measured result = measured_here(contestant, work);
    (void)!write(ends[1], &result, sizeof result);
    _exit(0);
  }
  close(ends[1]);
  Measured result;
  (void)!read(ends[0], &result, sizeof result);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return result;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

struct Row {
  const char *name;
  Contestant run;
  const Row *unsealed = nullptr;  // the same building, no sealing
  std::size_t most = SIZE_MAX;    // objects: more would show nothing new
  std::size_t most_rounds = SIZE_MAX;
  std::vector<Measured> rounds{};

  /// The measurement to compare with in that round.
  const Measured &in(std::size_t round) const {
    return rounds[std::min(round, rounds.size() - 1)];
  }
  double seal_us(std::size_t round) const {
    return in(round).us - unsealed->in(round).us;
  }
};

void print(const Row &row, const Row &bare, const Row &sodium, Work work) {
  std::vector<double> setup, us, seal, ratio, times, seal_times, read, bytes,
      mappings;
  for (std::size_t i = 0; i < row.rounds.size(); ++i) {
    const Measured &m = row.rounds[i];
    setup.push_back(m.setup_us);
    us.push_back(m.us);
    ratio.push_back(m.us / bare.in(i).us);
    times.push_back(sodium.in(i).us / m.us);
    if (row.unsealed != nullptr) {
      seal.push_back(row.seal_us(i));
      seal_times.push_back(sodium.seal_us(i) / row.seal_us(i));
    }
    read.push_back(m.read_ns);
    bytes.push_back(m.bytes);
    mappings.push_back(m.mappings);
  }
  std::printf("  %-20s %8zu %8.0f %9.3f %8.2fx %7.1fx", row.name,
              row.rounds[0].objects, median(setup), median(us), median(ratio),
              median(times));
  if (row.unsealed != nullptr)
    std::printf(" %8.3f %7.1fx", median(seal), median(seal_times));
  else
    std::printf(" %8s %8s", "", "");
  std::printf(" %8.1f %9.0f %8.0f%s\n", median(read), median(bytes),
              median(mappings),
              row.rounds[0].objects < std::min(work.objects, row.most)
                  ? "  the kernel's limit"
                  : "");
}

/// Uses every page once that will be used later.
void touch_memory(double gib) {
  double available = kib("/proc/meminfo", "MemAvailable:") * 1024;
  auto size = static_cast<std::size_t>(
      std::clamp(available - double{2 << 30}, 0.0, gib * (1 << 30)));
  if (fork() == 0) {
    void *memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED && madvise(memory, size, MADV_HUGEPAGE) == 0)
      fill(memory, size);
    _exit(0);
  }
  wait(nullptr);
}

void compete(const char *title, Work work, std::size_t rounds) {
  // The same order every time is random enough, and can be looked into.
  static std::minstd_rand random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
  constexpr unsigned filter = MEMSEAL_ARENA_FILTER;
  // At a million, once: it takes a minute. Where its objects are sealed one by
  // one anyway, and with a limit that cannot be raised, fewer tell the same.
  bool whole_sodium =
      work.batch == 1 && kib("/proc/meminfo", "MemAvailable:") >
                             static_cast<double>(work.objects) * 16;
  Row rows[] = {
      {"heap, not sealed", heap},
      {"loop, not sealed", loop<After::nothing>},
      {"arena, not sealed", arena<filter, Sealing::none>},
      {"arena, filter", arena<filter, Sealing::each_batch>, &rows[2]},
      {"arena, native", arena<MEMSEAL_ARENA_NATIVE, Sealing::each_batch>,
       &rows[2]},
      {"bare mprotect", loop<After::mprotect>, &rows[1]},
      {"mprotect, tuned", loop<After::mprotect, Pages::ahead>},
      {"mprotect + mseal(2)", loop<After::mseal>, &rows[1]},
      {"one filter each", loop<After::filter>, &rows[1], 1000 * work.batch},
      {"libsodium, writable", libsodium<Sealing::none>, nullptr, 10'000},
      {"libsodium readonly", libsodium<Sealing::each_batch>, &rows[1],
       whole_sodium ? SIZE_MAX : 10'000, work.objects > 100'000 ? 1 : SIZE_MAX},
  };
  const Row &bare = rows[5], &sodium = rows[10];
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<Row *> order;
    for (Row &row : rows)
      if (round < row.most_rounds)
        order.push_back(&row);
    std::ranges::shuffle(order, random);
    for (Row *row : order) {
      Work share = work;
      share.objects = std::min(work.objects, row->most);
      row->rounds.push_back(measure(row->run, share));
    }
  }

  std::printf("\n%s: %zu objects of %zu bytes, %zu a seal, %zu rounds\n", title,
              work.objects, work.size, work.batch, rounds);
  std::printf("  %-20s %8s %8s %9s %9s %8s %8s %8s %8s %9s %8s\n", "",
              "objects", "setup us", "whole us", "to bare", "sodium", "seal us",
              "sodium", "read ns", "bytes/obj", "mappings");
  for (const Row &row : rows)
    print(row, bare, sodium, work);
  std::fflush(stdout);
}

struct Options {
  bool quick = false;
  std::size_t only = 0;  // objects; 0: every number
};

int compete_in_all(Options options) {
  touch_memory(options.quick ? 4 : 16);
  std::puts(
      "Sealing application data. Goals for an arena: a page-sized object 10x\n"
      "faster than libsodium, 100x when batched; at most 1.05x to bare.");
  struct Size {
    std::size_t objects, rounds;
  };
  for (auto [objects, rounds] :
       {Size{1'000, 9}, {100'000, 5}, {1'000'000, 3}}) {
    if (options.only != 0 ? objects != options.only
                          : options.quick && objects > 100'000)
      continue;
    if (options.quick)
      rounds = 3;
    compete("Page-sized", {objects, page, 1}, rounds);
    compete("Page-sized, batched", {objects, page, 100}, rounds);
    compete("Small, batched", {objects, 64, 100}, rounds);
  }
  return 0;
}

/// Raises the limit of mappings, where that is allowed, runs `act` in a child
/// and puts the limit back, however the child ended.
int with_many_mappings(int (*act)(Options), Options options) {
  constexpr const char *limit = "/proc/sys/vm/max_map_count";
  std::string before;
  std::ifstream(limit) >> before;
  // The child alone shall end by ^C.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  std::ofstream(limit) << 8'000'000 << std::flush;
  pid_t child = fork();
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    std::exit(act(options));
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::ofstream(limit) << before << std::flush;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

int main(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0)
      options.quick = true;
    else
      options.only = std::strtoul(argv[i], nullptr, 10);
  }
  return with_many_mappings(compete_in_all, options);
}
