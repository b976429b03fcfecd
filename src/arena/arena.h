// SPDX-License-Identifier: Apache-2.0
// Memory that is written once, sealed, and read for ever.
//
//     reservation (a slice of the window, mostly unmapped)
//     |<- sealed, read-only ->|<-    open, read-write    ->|    hole    |
//     begin               sealed_end  cursor  backed_end  mapped_end  end
//
// Objects are built at the cursor; some memory ahead of it is already there, so
// that building seldom faults. Sealing closes every page up to the cursor;
// building goes on at the next page. Because pages are sealed in order, the
// kernel merges them into one VMA: a million seals cost two VMAs, where
// scattered seals end at the VMA limit (about 32,000).
//
// The two engines give the same guarantee:
//
//   native   a seal is mprotect to read-only and mseal(2), two calls;
//   filter   one filter, installed with the first arena, guards the whole
//            window for ever: there, mprotect may only lower to read-only and
//            nothing else may touch a mapping. A seal is then one mprotect,
//            and is in force when the call returns: no call that raised access
//            could have been under way, because none was ever permitted.
//
// The arena grows into the hole with MAP_FIXED_NOREPLACE, which the kernel
// itself never lets replace anything.
#pragma once

#include <cstddef>
#include <optional>

#include "base/assert.h"
#include "base/spin_lock.h"
#include "memseal/error.h"
#include "memseal/page_range.h"
#include "memseal/seal.h"

namespace memseal {

class Arena {
public:
  /// Reserves `reservation` bytes of addresses; no memory is used yet.
  ///
  /// Needs:   `engine` native or filter, already chosen.
  /// Errors:  invalid size; capacity; for filter also unsupported, budget,
  ///          unsynchronised. Nothing is reserved on error.
  static Result<Arena *> create(std::size_t reservation, Engine engine);

  /// `size` writable, zeroed bytes at a multiple of `alignment`.
  ///
  /// Needs:   alignment a power of two.
  /// Errors:  capacity when the reservation is used up, system ENOMEM when the
  ///          kernel has no memory. Everything built before is unharmed.
  Result<void *> allocate(std::size_t size, std::size_t alignment);

  /// Seals all that was allocated so far, for ever. Whole pages: what is
  /// allocated next starts on a new page.
  ///
  /// Errors:  system; the objects are still writable then and the arena goes
  ///          on as if `seal` had not been called.
  Result<void> seal();

  /// Whether every byte of [address, address + size) is sealed.
  bool is_sealed(const void *address, std::size_t size) const;

  /// The arena whose reservation holds the address, or null. Takes no lock, for
  /// arenas are never destroyed. Context: in-signal.
  static const Arena *find(Address at);

  /// Between the first and the second of these calls no arena changes and none
  /// is made. For fork: the child has only the thread that called it, so nobody
  /// there would open a lock that another thread holds.
  static void hold_all();
  static void release_all();

  Engine engine() const { return engine_; }
  PageRange reservation() const { return reservation_; }
  std::size_t sealed_bytes() const;
  /// Bytes allocated and not sealed: not 0 at the end of start-up means a
  /// forgotten seal.
  std::size_t open_bytes() const;

private:
  Arena(PageRange reservation, Engine engine);
  Result<void> grow_to(Address end);
  Result<void> map_until(Address end);
  /// Takes back what was advised about the pages and would empty them later, or
  /// in children (S-81): the arena owns them, and children inherit arenas.
  static Result<void> make_content_last(PageRange closed);
  /// What is worth asking the kernel for now that `end` will be written.
  std::optional<PageRange> take_ahead(Address end);

  PageRange reservation_;
  Engine engine_;
  Address sealed_end_, cursor_, backed_end_, mapped_end_;
  Arena *next_ = nullptr;  // every arena of the process, the youngest first
  // Held while the kernel maps or seals: one call, on memory nobody else uses.
  mutable SpinLock lock_;
};

}  // namespace memseal
