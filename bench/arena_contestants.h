// SPDX-License-Identifier: Apache-2.0
// Every way in which a user might build and seal objects.
#pragma once

#include <sodium.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "memseal/memseal.h"
#include "memseal/memseal_arena.h"

namespace memseal::bench {

inline constexpr std::size_t page = 4096;

struct Work {
  std::size_t objects;
  std::size_t size;   // bytes an object
  std::size_t batch;  // objects sealed by one call
};

using Objects = std::vector<volatile char *>;

/// Builds objects and seals them; returns the address of each, or stops short
/// when the kernel takes no more.
using Contestant = Objects (*)(Work);

/// Processor time of this process, which other work on the machine stretches
/// less than the clock on the wall. Nobody here ever waits for anything.
inline double now_us() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 +
         static_cast<double>(now.tv_nsec) / 1e3;
}

/// Set by a contestant when it is ready for the first object.
inline double ready_us = 0;

inline void fill(void *object, std::size_t size) {
  std::memset(object, 'x', size);
}

enum class Sealing { none, each_batch };

template <unsigned engine, Sealing sealing>
Objects arena(Work work) {
  Objects made;
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
    if (sealing == Sealing::each_batch && memseal_arena_seal(arena) != 0)
      return made;
  }
  return made;
}

enum class After { nothing, mprotect, mseal, filter };
enum class Pages { by_fault, ahead };

/// The plainest hand-written loop: one big mapping, an mprotect a batch. With
/// `ahead` it takes its memory as the arena does.
template <After after, Pages pages = Pages::by_fault>
Objects loop(Work work) {
  constexpr std::size_t step = std::size_t{256} << 10;
  Objects made;
  made.reserve(work.objects);
  std::size_t whole = (work.size * work.batch + page - 1) & ~(page - 1);
  std::size_t total = whole * (work.objects / work.batch) + step;
  auto *at = static_cast<char *>(
      mmap(nullptr, total, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (at == MAP_FAILED)
    return made;
  char *backed_end = at;
  ready_us = now_us();
  while (made.size() < work.objects) {
    for (; pages == Pages::ahead && backed_end < at + whole; backed_end += step)
      (void)madvise(backed_end, step, 23 /* MADV_POPULATE_WRITE */);
    for (std::size_t i = 0; i < work.batch; ++i) {
      char *object = at + i * work.size;
      fill(object, work.size);
      made.push_back(object);
    }
    if (after != After::nothing && mprotect(at, whole, PROT_READ) != 0)
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

/// libsodium seals by object: a batch is a loop.
template <Sealing sealing>
Objects libsodium(Work work) {
  Objects made;
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
    if (sealing == Sealing::each_batch && sodium_mprotect_readonly(object) != 0)
      return made;
    made.push_back(static_cast<char *>(object));
  }
  return made;
}

/// Not sealed at all: what building and reading cost by themselves.
inline Objects heap(Work work) {
  Objects made;
  made.reserve(work.objects);
  ready_us = now_us();
  while (made.size() < work.objects) {
    void *object = std::malloc(work.size);
    fill(object, work.size);
    made.push_back(static_cast<char *>(object));
  }
  return made;
}

}  // namespace memseal::bench
