// SPDX-License-Identifier: Apache-2.0
// The memory of a process as a user thinks of it: objects and their segments,
// each with what holds it in place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "memseal/page_range.h"
#include "memseal/seal_types.h"
#include "process/keeper_claims.h"
#include "process/refusal.h"
#include "process/segment.h"

namespace memseal::process {

/// What a process says about its filter seals (seal/register_format.h).
struct FilterSeal {
  PageRange range;
  SealTypes types;
  bool downgradable = false;
};

/// A loaded ELF file, or a run of memory of one kind and name.
struct Object {
  std::string name;  ///< path, or [heap], [anonymous], …
  std::string note;  ///< what is odd about it; empty
  bool is_elf = false;
  std::vector<Segment> segments;
};

/// How many bytes of a class are there, and how many of them are sealed.
struct Share {
  std::uint64_t bytes = 0, sealed = 0;
  std::uint64_t claimed = 0;  ///< of `sealed`: not by the kernel itself
  bool whole() const { return bytes == sealed; }
};

struct Totals {
  Share executable;  ///< text of objects and the vdso
  Share read_only;   ///< rodata and vvar
  Share relro;
  Share gaps;
  Share sealable;  ///< the four above
  Share jit;       ///< executable, but written by the program itself
  Share other;     ///< writable by design, files, reservations
};

struct ProcessView {
  int pid = 0;
  std::string name;                ///< comm
  std::string executable;          ///< path
  std::string command;             ///< its arguments, a blank between two
  std::optional<unsigned> user{};  ///< effective user ID, if it is known
  int seccomp_mode = 0;            ///< 0 none, 1 strict, 2 filter
  int seccomp_filters = 0;
  bool has_register = false;
  /// Filter seals are the process's own word: set where that word cannot be
  /// true, and the claimed seals are then not counted.
  std::string register_doubt;
  /// The keeper that says what is sealed in this image
  /// (process/keeper_claims.h): its pid. 0: none; and if something was sealed
  /// by one, why it is not counted.
  int keeper = 0;
  std::string keeper_doubt;
  /// What it was asked to leave unsealed, in the words of MEMSEAL_OPTIONS, as
  /// its environment says: "segments=relro;except=libjit.so". Empty: nothing.
  std::string left_out;
  std::vector<Object> objects;

  Totals totals() const;
  /// What holds its sealed memory: an engine's name, "several", or "" for none.
  const char *engine() const;
  /// "glibc", "musl", or "none": what is mapped says so.
  const char *libc() const;
};

/// How much work one process is worth. A look costs what the process has
/// mapped, and 65,000 mappings are free to have for anybody.
enum class Effort : std::uint8_t {
  whole,        ///< as much as it takes
  one_of_many,  ///< 200 ms of processor time for its list of mappings
};

/// Reads everything about one process. Of several processes in a row the
/// keepers are looked for once.
/// Errors:  vanished, no_memory, forbidden, failed; too_much, where the effort
///          was limited.
Refusable<ProcessView, Refusal> look_at(pid_t pid, Keepers &keepers,
                                        Effort effort = Effort::whole);
Refusable<ProcessView, Refusal> look_at(pid_t pid);

}  // namespace memseal::process
