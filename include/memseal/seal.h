// SPDX-License-Identifier: Apache-2.0
// Sealing memory from C++17 on.
//
//     auto pages = memseal::PageRange::covering(address, size, 4096);
//     if (!pages) return pages.error();
//     if (auto sealed = memseal::seal(*pages); !sealed)
//       std::puts(sealed.error().sentence());
#pragma once

#include <cstddef>
#if __cplusplus > 201703L && __has_include(<span>)
#include <span>
#endif

#include "memseal/engine.h"
#include "memseal/error.h"
#include "memseal/page_range.h"
#include "memseal/seal_types.h"

// The library itself defines these functions. For programs they are inline over
// its C interface (memseal/seal_inline.h), so that a program and the library
// may have different C++ libraries, and a program may have none.
#if defined(MEMSEAL_BUILDING)
#define MEMSEAL_INLINE
#else
#define MEMSEAL_INLINE inline
#endif

MEMSEAL_NAMESPACE_BEGIN

/// One range and what is to be forbidden on it.
struct SealRequest {
  PageRange range;
  SealTypes types = seal_type::all;
  Downgrade downgrade = Downgrade::refused;
};

/// Seals all the ranges, or none of them. The requests are judged in order, as
/// by as many calls, and enforced together: by one filter, however many.
///
/// Errors:  invalid: a type there is not, or `allowed` without mprotect.
///          hole, closed: whichever comes first by address.
///          unsupported, budget, unsynchronised, system. Nothing is sealed, but
///          if another thread unmapped or reprotected the range during the call
///          (hole, unsynchronised), or if mseal(2) refused after it had sealed
///          other ranges, for want of mappings (system ENOMEM): then `query`
///          tells what holds.
/// Kernel:  native 6.10; filter 3.17.
/// Does not stop: writes through /proc/self/mem, by ptrace, or to the backing
///          file: docs/threat-model.md.
/// Context: anywhere: before main, in signal handlers (32 KiB of stack), with a
///          full heap.
#if defined(__cpp_lib_span)
MEMSEAL_INLINE Result<void> seal(std::span<const SealRequest> requests,
                                 Engine engine = Engine::automatic);
#endif

/// The same for one range. For many, from C++17: Batch.
MEMSEAL_INLINE Result<void> seal(PageRange range,
                                 SealTypes types = seal_type::all,
                                 Downgrade downgrade = Downgrade::refused,
                                 Engine engine = Engine::automatic);

/// Requests collected to be sealed together, in memory of their own: no heap.
class Batch {
public:
  Batch() = default;
  Batch(const Batch &) = delete;
  Batch &operator=(const Batch &) = delete;
  MEMSEAL_INLINE ~Batch();

  /// Errors:  system ENOMEM. The batch is as it was.
  MEMSEAL_INLINE Result<void> add(const SealRequest &request);
#if defined(__cpp_lib_span)
  /// What was added since the last commit, in that order.
  std::span<const SealRequest> requests() const {
    return {items_, size_};
  }
#endif

  /// Seals everything added so far and empties the batch; on failure nothing is
  /// sealed, as with `seal`, and the batch is as it was.
  MEMSEAL_INLINE Result<void> commit(Engine engine = Engine::automatic);

private:
  SealRequest *items_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

/// Installs the base filter now, or raises its level. Without this call the
/// first seal of the filter engine brings `compatible`.
///
/// Errors:  unsupported, budget, unsynchronised, system. Nothing is installed.
/// Context: anywhere.
MEMSEAL_INLINE Result<void> harden(BaseLevel level);

/// What is sealed at an address: by memseal, whichever copy in this process,
/// and by mseal(2), whoever called it.
struct SealState {
  Address begin, end;      ///< the pages around it of which the same is true
  SealTypes types;         ///< empty: not sealed
  SealTypes filter_types;  ///< those that a filter enforces
  Downgrade downgrade;
  Engine engine;  ///< who enforces them; empty: not sealed
};

/// Never fails: what cannot be read is not known to be sealed.
/// Context: anywhere; 32 KiB of stack.
MEMSEAL_INLINE SealState query(Address at);

/// The level of the base filter that memseal installed in this process.
MEMSEAL_INLINE BaseLevel base_level();

MEMSEAL_NAMESPACE_END

#if !defined(MEMSEAL_BUILDING)
#include "memseal/seal_inline.h"
#endif
