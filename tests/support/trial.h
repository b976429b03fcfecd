// SPDX-License-Identifier: Apache-2.0
// One act, tried twice: on memory that is not sealed, where it must succeed,
// and on memory that is. A refusal proves nothing unless the same act works
// next door; that is the control twin.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "support/engines.h"

namespace memseal::test {

inline constexpr std::size_t page = 4096;

/// What the pages of an Area are.
enum class Memory : std::uint8_t {
  anonymous_rw,
  anonymous_r,  ///< written, then made read-only
  relro,        ///< private file pages, written, then made read-only
  text,         ///< private file pages, r-x, never written
  private_rw,   ///< private file pages, written
  shared_rw,    ///< pages of a memfd
  shared_r,     ///< the same, read-only
};
const char *name(Memory memory);

/// Four pages of one kind, and four reserved (PROT_NONE) ones after them.
/// Every page begins with a byte of its own, 'a', 'b', 'c', 'd'.
struct Area {
  char *begin;
  int fd;  ///< of the file behind the pages; -1 for anonymous memory

  static constexpr int pages = 4, slots = 8;
  static Area create(Memory memory);
  char *at(int index) const { return begin + index * static_cast<long>(page); }
};

/// What a byte reads, whatever its page allows; a negative errno if nothing is
/// there. Goes through /proc/self/mem, so that a guard page is an answer.
int peek(const void *at);

/// The lines of /proc/self/maps inside [begin, begin + size), clipped, with
/// neighbours of equal attributes merged.
std::string maps_of(const void *begin, std::size_t size);

/// An act returns what the call returned, errno set as the call left it.
using Act = std::function<long(const Area &)>;

struct Trial {
  int seal_error;  ///< of sealing page 1
  long control;    ///< on the twin
  int control_error;
  long answer;  ///< on the sealed area
  int error;
  bool maps_same, bytes_same;    ///< of the sealed area, before and after
  char before[512], after[512];  ///< the maps, for the message
  int died;                      ///< 0, or what in_child reported
};

struct Scene {
  Engine engine;
  Memory memory = Memory::anonymous_rw;
  unsigned types = every_type;
  unsigned flags = 0;
  Level level = Level::compatible;
  /// Done to both areas before sealing.
  std::function<void(const Area &)> prepare = nullptr;
};

/// Runs `act` on a twin, seals page 1 of a second area, runs `act` there; all
/// in a child. Page 0, 2 and 3 stay unsealed.
Trial attempt(const Scene &scene, const Act &act);

/// The page could be sealed and the child lived; says nothing of the act.
testing::AssertionResult completed(const Trial &trial);
/// Twin succeeded; sealed failed with `error`; nothing changed.
testing::AssertionResult refused(const Trial &trial, int error);
/// Twin succeeded, and so did the act on sealed memory.
testing::AssertionResult allowed(const Trial &trial);
/// The act failed with `error` on both, and nothing changed: the kernel's own
/// refusal, seal or no seal.
testing::AssertionResult refused_by_kernel(const Trial &trial, int error);

}  // namespace memseal::test
