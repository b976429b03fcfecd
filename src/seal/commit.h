// SPDX-License-Identifier: Apache-2.0
// One commit: judge, prepare, install, verify.
//
// A filter cannot be taken off and mseal(2) cannot be undone, so everything
// that can be refused is refused before the first of them. The order of steps,
// and why it is that order:
//
//  0. Look for holes, before memseal maps anything itself: the kernel likes to
//     put new mappings into holes. (S-06)
//  1. Lock. Nobody else in this process installs filters or writes the
//     register; no signal handler runs on this thread.
//  2. Judge each request against the register and the mappings: closed, hole,
//     what its engine can do (S-06 … S-08). The outcome is a new table, still
//     unpublished, in which the entries that need work are marked. Look around
//     for what a filter on these has to know, or could not keep (S-15), and
//     for advice that would empty the pages later (S-81).
//  3. Prepare the barrier: is there a thread that could not be reached later?
//     (S-72)
//  4. Base filter, if this is the first filter seal. It restricts nothing that
//     concerns the ranges; if step 7 fails it stays.
//  5. Compile the filter. Where step 6 cannot be undone, see whether the kernel
//     has room for it, too.
//  6. Protect, for memseal_mprotect. The old protections are noted: any failure
//     up to step 8 puts them back, but pages that an earlier seal allows to be
//     lowered only.
//  7. Install the filter for all marked entries. TSYNC puts it on all threads
//     or on none, and the kernel refuses here if its room is used up.
//  8. ---- from here on nothing is undone ----
//     Pass the barrier: what had begun before step 7 has ended.
//  9. Verify. Between steps 2 and 8 another thread may have unmapped pages that
//     step 2 saw. Now nobody can any more, so one look suffices: if the pages
//     are there, they stay. If not, the caller raced with itself, and hears of
//     the hole; the addresses are guarded all the same, and the register says
//     so, because it is true.
// 10. mseal(2), for native entries. Under strict it comes after the filter: its
//     own reasons to fail, which is a hole or too many mappings, were excluded
//     or are rare, while a filter is refused for many.
// 11. Publish the table.
//
// With native alone steps 3 to 9 fall away, but for 6: mseal(2) takes the lock
// of the address space, so it judges and seals at once, and nothing is in
// flight.
#pragma once

#include <optional>
#include <span>

#include "memseal/error.h"
#include "memseal/seal.h"
#include "seal/first_hole.h"
#include "vm/protection.h"

namespace memseal {

/// What memseal_mprotect adds to a seal.
struct ProtectFirst {
  Protection protection;  ///< what S-51 and the verification judge by
  int prot;               ///< what mprotect(2) is called with
};

/// Whether the requests are about pages, about addresses where pages will be
/// (seal/reservation.h), or about a secret, which is to be empty in children
/// (S-92).
enum class Subject : std::uint8_t { pages, reservation, secret };

struct CommitInput {
  std::span<const SealRequest> requests;
  Engine engine = Engine::automatic;
  std::optional<ProtectFirst> protect_first = {};
  std::optional<FirstHole> hole = {};  ///< step 0
  Subject subject = Subject::pages;
};

/// Steps 1 to 11. Needs: types and flags valid (S-01).
/// Errors:  see memseal::seal.
Result<void> commit(const CommitInput &input);

/// All steps. Needs and Errors: as above.
Result<void> commit(std::span<const SealRequest> requests, Engine engine,
                    std::optional<ProtectFirst> protect_first = {});

}  // namespace memseal
