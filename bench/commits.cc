// SPDX-License-Identifier: Apache-2.0
// What sealing by a filter takes: how long one commit of 1 to 1,200 ranges is
// on its way, what of that is compiling and what the kernel's part (checking,
// optimising and translating the program), and how many commits a second there
// can be.
//
// A filter cannot be taken off, so every figure comes from a process of its
// own; the base filter is on before the clock starts. "kernel" is the same
// programs installed by themselves; the rest of a commit is looking for holes
// and huge pages, and the register.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "filter/compiler.h"
#include "filter_programs.h"
#include "memseal/memseal.h"
#include "sys/seccomp.h"

namespace {

using namespace memseal;

constexpr std::size_t page = 4096;
constexpr unsigned types = MEMSEAL_ALL & ~MEMSEAL_SEAL;

double now_us() {
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Every second page, many of which one leaf of the filter guards; or so far
// apart that each page needs a leaf of its own.
constexpr std::size_t close_together = 2, sparse = 64;
std::size_t stride = close_together;

std::vector<memseal_range> pages(std::size_t count) {
  auto *at = static_cast<char *>(
      mmap(nullptr, stride * count * page, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  std::vector<memseal_range> ranges;
  for (std::size_t i = 0; i < count; ++i)
    ranges.push_back({at + stride * i * page, page, types, 0});
  return ranges;
}

struct Measured {
  double commit = 0, compile = 0, kernel = 0;
  int programs = 0;
};

void commit_once(std::size_t count, Measured &result) {
  auto first = pages(1), ranges = pages(count);
  if (memseal_many(first.data(), 1, MEMSEAL_FILTER) != 0)
    return;
  double begin = now_us();
  if (memseal_many(ranges.data(), count, MEMSEAL_FILTER) == 0)
    result.commit = now_us() - begin;
}

void commit_by_hand(std::size_t count, Measured &result) {
  std::vector<filter::GuardedRange> guarded;
  for (const memseal_range &range : pages(count))
    guarded.push_back(
        {*PageRange::create(reinterpret_cast<Address>(range.addr), page, page),
         seal_type::all});
  double begin = now_us();
  auto programs = bench::compile_programs(guarded);
  double compiled = now_us();
  for (const bpf::Program &program : programs) {
    auto code = program.instructions();
    (void)sys::install_filter(
        {reinterpret_cast<const sock_filter *>(code.data()), code.size()});
  }
  result.compile = compiled - begin;
  result.kernel = now_us() - compiled;
  result.programs = static_cast<int>(programs.size());
}

/// Ranges of a process with 40,000 mappings. `flags`: of each range.
void commit_among_many(std::size_t count, Measured &result, unsigned flags) {
  constexpr std::size_t mappings = 40000;
  auto *at =
      static_cast<char *>(mmap(nullptr, mappings * page, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (std::size_t i = 0; i < mappings; i += 2)
    mprotect(at + i * page, page, PROT_READ);
  auto first = pages(1);
  if (memseal_many(first.data(), 1, MEMSEAL_FILTER) != 0)
    return;
  std::vector<memseal_range> ranges;
  for (std::size_t i = 0; i < count; ++i)
    ranges.push_back({at + (32 * i + 1) * page, page, types, flags});
  double begin = now_us();
  if (memseal_many(ranges.data(), count, MEMSEAL_FILTER) == 0)
    result.commit = now_us() - begin;
}

void commit_immutable(std::size_t count, Measured &result) {
  commit_among_many(count, result, 0);
}

void commit_downgradable(std::size_t count, Measured &result) {
  commit_among_many(count, result, MEMSEAL_DOWNGRADABLE);
}

/// Commits of one range until the kernel takes no more.
void commit_again(std::size_t most, Measured &result) {
  auto ranges = pages(most);
  double begin = now_us();
  std::size_t done = 0;
  while (done < most && memseal_many(&ranges[done], 1, MEMSEAL_FILTER) == 0)
    ++done;
  result.commit = (now_us() - begin) / static_cast<double>(std::max(done, 1ul));
  result.programs = static_cast<int>(done);
}

Measured in_child(void (*work)(std::size_t, Measured &), std::size_t count) {
  int ends[2];
  if (pipe(ends) != 0)
    std::abort();
  std::fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    Measured result;
    work(count, result);
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

struct Times {
  std::vector<double> values{};
  double at(double part) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(
        part * static_cast<double>(values.size() - 1))];
  }
};

/// One row; false if nothing can be sealed by filters here.
bool measure(std::size_t count, int rounds, const char *goal) {
  Times commit, compile, kernel;
  int programs = 0;
  for (int round = 0; round < rounds; ++round) {
    commit.values.push_back(in_child(commit_once, count).commit);
    Measured parts = in_child(commit_by_hand, count);
    compile.values.push_back(parts.compile);
    kernel.values.push_back(parts.kernel);
    programs = parts.programs;
  }
  if (commit.at(0) == 0)
    return false;
  std::printf("%8zu %7s %8d %10.0f %10.0f %12.0f %10.0f  %s\n", count,
              stride == sparse ? "sparse" : "2nd", programs, commit.at(0.5),
              commit.at(0), compile.at(0.5), kernel.at(0.5), goal);
  return true;
}

}  // namespace

int main(int argc, char **argv) {
  bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  int rounds = quick ? 9 : 41;
  std::printf("%8s %7s %8s %10s %10s %12s %10s  goal\n", "ranges", "pages",
              "programs", "commit us", "of minima", "compile us", "kernel us");
  for (std::size_t distance : {close_together, sparse}) {
    stride = distance;
    for (std::size_t count : {1u, 10u, 100u, 600u, 1200u}) {
      const char *goal = distance == sparse ? "1500 us" : "700 us";
      if (!measure(count, rounds, count == 1200 ? goal : "")) {
        std::puts("memseal_many does not work here");
        return 77;
      }
    }
  }
  stride = close_together;
  Times immutable, downgradable;
  for (int round = 0; round < rounds / 4 + 1; ++round) {
    immutable.values.push_back(in_child(commit_immutable, 600).commit);
    downgradable.values.push_back(in_child(commit_downgradable, 600).commit);
  }
  std::printf(
      "600 ranges among 40,000 mappings: immutable %.0f us, "
      "downgradable %.0f us (%.2fx, goal 2)\n",
      immutable.at(0), downgradable.at(0),
      downgradable.at(0) / immutable.at(0));
  Measured again = in_child(commit_again, 1000);
  std::printf(
      "one range at a time, the same process: %d commits, %.0f us each\n",
      again.programs, again.commit);
}
