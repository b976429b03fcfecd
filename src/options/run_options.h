// SPDX-License-Identifier: Apache-2.0
// What `memseal run` was asked to do, as a value, and as the text that carries
// it through execve into the loader module.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/file_identity.h"
#include "memseal/error.h"
#include "memseal/seal_types.h"
#include "vm/enforcement.h"
#include "vm/segment_set.h"

namespace memseal {

/// What `strict` means for `run`: the kernel's seal and a keeper, which serves
/// the whole tree. (For `attach` and the library it is Engine::strict.)
inline constexpr Engine strict_tree = Engine::native | Engine::keeper;

/// What becomes of libraries that dlopen brings: sealed, and kept for ever
/// (pin) or left mapped at dlclose (seal); or not sealed (skip).
enum class DlopenPolicy : std::uint8_t { pin, seal, skip };
/// What RELRO is once the native engine has sealed it: anonymous memory, which
/// the kernel protects against discarding advice, or its file's as it was.
enum class RelroMemory : std::uint8_t { anonymous, file };
/// Whether what exit calls through is checked before: loader/exit_check.h.
enum class AtExit : std::uint8_t { unchecked, check };
/// Whether the slots through which objects call each other are taken to sealed
/// memory: loader/slots.h.
enum class Slots : std::uint8_t { keep, seal };
enum class Requirement : std::uint8_t { best_effort, required };
enum class Inheritance : std::uint8_t { children_sealed, children_unsealed };

/// Strings point into the text that was parsed, or the argument vector.
struct RunOptions {
  Engine engine{};  ///< empty: native where it is there, else keeper
  DlopenPolicy dlopen = DlopenPolicy::pin;
  RelroMemory relro = RelroMemory::anonymous;
  AtExit at_exit = AtExit::unchecked;
  Slots slots = Slots::keep;
  Requirement requirement = Requirement::best_effort;
  Inheritance inheritance = Inheritance::children_sealed;
  OnViolation on_violation = OnViolation::deny;
  SegmentSet segments = every_segment;
  /// Only a filter can do less than all.
  SealTypes types = seal_type::all;
  std::string_view only{};    ///< comma-separated globs; empty: every object
  std::string_view except{};  ///< comma-separated globs; empty: none
  /// The process that was asked to be sealed, where an engine was asked for by
  /// name: it says on standard error that nothing could be sealed. What it
  /// starts inherits the text, and does not.
  int launched = 0;
  /// A file, written as JSON if its name ends in ".json", else as text, and
  /// appended to, since children write theirs too; "-": standard error, as
  /// text; empty: none.
  std::string_view report{};
  /// Where standard error led when a report was asked for. Whoever finds
  /// another file there keeps quiet: it is not the user's. None: not known.
  std::optional<FileIdentity> standard_error{};
};

/// The environment variable the text travels in.
inline constexpr std::string_view options_variable = "MEMSEAL_OPTIONS";

/// Whether violations end the process or its thread: only a filter can do that,
/// a keeper cannot.
constexpr bool kills_or_traps(OnViolation on_violation) {
  return on_violation == OnViolation::kill || on_violation == OnViolation::trap;
}

/// Whether filters of the program's own are wanted, which name its addresses.
bool wants_own_filters(const RunOptions &options);

/// The words of --engine=, --dlopen=, --relro=, --slots=, --at-exit= and
/// --on-violation=.
/// Errors: malformed.
Result<Engine> parse_engine(std::string_view word);
Result<DlopenPolicy> parse_dlopen(std::string_view word);
Result<RelroMemory> parse_relro(std::string_view word);
Result<Slots> parse_slots(std::string_view word);
Result<AtExit> parse_at_exit(std::string_view word);
Result<OnViolation> parse_on_violation(std::string_view word);

/// Lists with commas, of --segments= and --types=: at least one word, none
/// twice. `types` knows "all", too. Errors: malformed.
Result<SegmentSet> parse_segments(std::string_view list);
Result<SealTypes> parse_types(std::string_view list);

/// Errors: malformed. An unknown key is malformed: an older module must not
/// ignore what a newer launcher asks for.
Result<RunOptions> parse_run_options(std::string_view text);

/// Writes the text without a terminating zero; returns the part of `buffer`
/// that was used.
/// Errors: capacity; invalid if a pattern holds a semicolon.
Result<std::string_view> format_run_options(const RunOptions &options,
                                            std::span<char> buffer);

}  // namespace memseal
