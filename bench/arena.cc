// SPDX-License-Identifier: Apache-2.0
// What sealing data costs, beside what a user would pick instead.
//
// Every contestant builds and seals the same objects, in a process of its own;
// rounds are interleaved, so that a machine that slows down slows all of them.
// Printed are medians and, what counts, ratios within a round.
//
// Most of a page-sized object's time is the page fault of its first write,
// whoever hands the page out. So the same objects are also built by a loop that
// seals nothing ("built only"); "seal us" is a contestant's time less that of
// the same round. Creating an arena or initialising libsodium, and one object
// to warm up, come before the clock starts and stand in a column of their own.
#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "memseal/memseal.h"
#include "memseal/memseal_arena.h"

namespace {

constexpr std::size_t page = 4096;

struct Work {
  std::size_t objects;
  std::size_t size;   // bytes an object
  std::size_t batch;  // objects sealed by one call
};

/// Builds objects and seals them; returns the address of each, or stops short
/// when the kernel takes no more.
using Contestant = std::vector<volatile char *> (*)(Work);

double now_us() {
  return std::chrono::duration<double, std::micro>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Set by a contestant when it is ready for the first object.
double ready_us = 0;

void fill(void *object, std::size_t size) {
  std::memset(object, 'x', size);
}

std::vector<volatile char *> with_arena(Work work, unsigned engine) {
  std::vector<volatile char *> made;
  made.reserve(work.objects);
  memseal_arena *arena = nullptr;
  if (memseal_arena_create(&arena, 0, engine) != 0)
    return made;
  std::size_t alignment = work.size >= page ? page : 16;
  void *first = memseal_arena_allocate(arena, page, page);
  if (first == nullptr)
    return made;
  fill(first, page);
  if (memseal_arena_seal(arena) != 0)
    return made;
  ready_us = now_us();
  while (made.size() < work.objects) {
    for (std::size_t i = 0; i < work.batch; ++i) {
      void *object = memseal_arena_allocate(arena, work.size, alignment);
      if (object == nullptr)
        return made;
      fill(object, work.size);
      made.push_back(static_cast<char *>(object));
    }
    if (memseal_arena_seal(arena) != 0)
      return made;
  }
  return made;
}
std::vector<volatile char *> arena_filter(Work work) {
  return with_arena(work, MEMSEAL_ARENA_FILTER);
}
std::vector<volatile char *> arena_native(Work work) {
  return with_arena(work, MEMSEAL_ARENA_NATIVE);
}

enum class After { building, nothing, mseal, filter };

/// The plainest hand-written loop: one big mapping, an mprotect a batch.
std::vector<volatile char *> bump(Work work, After after) {
  std::vector<volatile char *> made;
  made.reserve(work.objects);
  std::size_t whole = (work.size * work.batch + page - 1) & ~(page - 1);
  std::size_t total = whole * (work.objects / work.batch);
  auto *at = static_cast<char *>(
      mmap(nullptr, total, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (at == MAP_FAILED)
    return made;
  ready_us = now_us();
  while (made.size() < work.objects) {
    for (std::size_t i = 0; i < work.batch; ++i) {
      char *object = at + i * work.size;
      fill(object, work.size);
      made.push_back(object);
    }
    if (after != After::building && mprotect(at, whole, PROT_READ) != 0)
      return made;
    if (after == After::mseal && syscall(462, at, whole, 0) != 0)
      return made;
    if (after == After::filter &&
        memseal::memseal(at, whole, MEMSEAL_ALL & ~MEMSEAL_SEAL, 0) != 0)
      return made;
    at += whole;
  }
  return made;
}
std::vector<volatile char *> built_only(Work work) {
  return bump(work, After::building);
}
std::vector<volatile char *> bare(Work work) {
  return bump(work, After::nothing);
}
std::vector<volatile char *> mprotect_mseal(Work work) {
  return bump(work, After::mseal);
}
std::vector<volatile char *> filter_each(Work work) {
  return bump(work, After::filter);
}

/// libsodium seals by object: a batch is a loop.
std::vector<volatile char *> libsodium(Work work) {
  std::vector<volatile char *> made;
  made.reserve(work.objects);
  if (sodium_init() < 0)
    return made;
  void *first = sodium_malloc(work.size);
  if (first == nullptr || sodium_mprotect_readonly(first) != 0)
    return made;
  ready_us = now_us();
  while (made.size() < work.objects) {
    void *object = sodium_malloc(work.size);
    if (object == nullptr)
      return made;
    fill(object, work.size);
    if (sodium_mprotect_readonly(object) != 0)
      return made;
    made.push_back(static_cast<char *>(object));
  }
  return made;
}

/// Not sealed at all: what reading and building cost by themselves.
std::vector<volatile char *> heap(Work work) {
  std::vector<volatile char *> made;
  made.reserve(work.objects);
  ready_us = now_us();
  while (made.size() < work.objects) {
    void *object = std::malloc(work.size);
    fill(object, work.size);
    made.push_back(static_cast<char *>(object));
  }
  return made;
}

struct Measured {
  std::size_t objects = 0;
  double setup_us = 0;  // before the first object
  double us = 0;        // an object, built and sealed
  double read_ns = 0;   // an object, one byte read
  double bytes = 0;     // resident and page tables, an object
};

double kib(const char *key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key))
      return std::stod(line.substr(std::strlen(key)));
  return 0;
}

Measured measure(Contestant contestant, Work work) {
  int ends[2];
  if (pipe(ends) != 0)
    std::abort();
  pid_t child = fork();
  if (child == 0) {
    double before = kib("VmRSS:") + kib("VmPTE:");
    double begin = now_us();
    auto made = contestant(work);
    double built = now_us();
    Measured result{.objects = made.size()};
    double n = static_cast<double>(std::max<std::size_t>(made.size(), 1));
    result.setup_us = ready_us - begin;
    result.us = (built - ready_us) / n;
    result.bytes =
        (kib("VmRSS:") + kib("VmPTE:") - before) * 1024 / n - sizeof(void *);
    begin = now_us();
    for (volatile char *object : made)
      (void)*object;
    result.read_ns = (now_us() - begin) * 1000 / n;
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

void compete(const char *title, Work work, int rounds) {
  struct Row {
    const char *name;
    Contestant run;
    std::size_t most;  // a larger number would only show the limit again
    const char *goal;  // for the ratio to bare mprotect
    std::vector<Measured> rounds{};
  };
  std::vector<Row> rows = {
      {"built only", built_only, SIZE_MAX, ""},
      {"bare mprotect", bare, SIZE_MAX, ""},
      {"arena, filter", arena_filter, SIZE_MAX, "1.05"},
      {"arena, native", arena_native, SIZE_MAX, ""},
      {"mprotect + mseal(2)", mprotect_mseal, SIZE_MAX, ""},
      {"libsodium readonly", libsodium, SIZE_MAX, ""},
      {"one filter each", filter_each, 1000 * work.batch, ""},
      {"heap, not sealed", heap, SIZE_MAX, ""},
  };
  for (int round = 0; round < rounds; ++round) {
    for (Row &row : rows) {
      Work share = work;
      share.objects = std::min(work.objects, row.most);
      row.rounds.push_back(measure(row.run, share));
    }
  }

  std::printf("\n%s: %zu objects of %zu bytes, %zu a seal\n", title,
              work.objects, work.size, work.batch);
  std::printf("  %-20s %9s %9s %10s %8s %8s %5s %9s %8s %10s\n", "", "sealed",
              "set-up us", "us/object", "seal us", "ratio", "goal", "sodium is",
              "read ns", "bytes/obj");
  const std::vector<Measured> &twin = rows[0].rounds, &plain = rows[1].rounds,
                              &sodium = rows[5].rounds;
  for (const Row &row : rows) {
    std::vector<double> setup, us, seal, ratio, times, read, bytes;
    for (std::size_t i = 0; i < row.rounds.size(); ++i) {
      const Measured &m = row.rounds[i];
      setup.push_back(m.setup_us);
      us.push_back(m.us);
      seal.push_back(m.us - twin[i].us);
      ratio.push_back(m.us / plain[i].us);
      times.push_back(sodium[i].us / m.us);
      read.push_back(m.read_ns);
      bytes.push_back(m.bytes);
    }
    std::size_t sealed = row.rounds[0].objects;
    std::printf(
        "  %-20s %9zu %9.0f %10.3f %8.3f %7.2fx %5s %8.1fx %8.1f %10.0f%s\n",
        row.name, sealed, median(setup), median(us), median(seal),
        median(ratio), row.goal, median(times), median(read), median(bytes),
        sealed < std::min(work.objects, row.most) ? "  stopped: limit"
        : sealed < work.objects                   ? "  fewer asked"
                                                  : "");
  }
}

}  // namespace

int main(int argc, char **argv) {
  bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  int rounds = quick ? 3 : 9;
  std::puts("Sealing application data (ratio: beside bare mprotect)");
  for (std::size_t objects : {1'000u, 100'000u, 1'000'000u}) {
    if (quick && objects > 100'000)
      break;
    int n = objects > 100'000 ? 3 : rounds;
    compete("Page-sized (goal: libsodium is 10x slower than an arena)",
            {objects, page, 1}, n);
    compete("Page-sized, batched (goal: 100x)", {objects, page, 100}, n);
    compete("Small, batched", {objects, 64, 100}, n);
  }
}
