// SPDX-License-Identifier: Apache-2.0
// The register of seals of this process (format: seal/register_format.h).
//
// Every copy of memseal in a process, the loader module's and the library's,
// uses the same register and the same lock: a copy that comes later finds the
// first one's mapping in /proc/self/maps.
//
// Its pages are readable only, but for the moments in which a change is
// written. They are not sealed: what must be written later cannot hold a seal
// that says otherwise, and a filter for a table that enforces nothing would
// only add an address that programs after an exec may not use.
#pragma once

#include <atomic>

#include "memseal/error.h"
#include "memseal/page_range.h"
#include "seal/register_format.h"
#include "seal/seal_table.h"
#include "sys/signals.h"

namespace memseal {

/// The signal that memseal borrows for its barrier (seal/barrier.h).
inline constexpr int quiesce_signal = 33;

/// The register in force, or null if this process has none yet. Never makes
/// one. Context: anywhere, without the lock.
const RegisterHeader *find_register();

/// A consistent copy of the entry that holds `at`, or, where nothing is sealed,
/// an entry without types over the gap. Context: anywhere, without the lock.
RegisterEntry read_entry(const RegisterHeader &header, Address at);

/// Sole right to change the register and to install filters, among the threads
/// of this process. While it is held this thread takes no signal but
/// `quiesce_signal`, so that no handler finds the lock held by the thread it
/// interrupted; and a child forked by another thread finds it open.
class RegisterLock {
public:
  /// Errors:  system: no memory for the register.
  static Result<RegisterHeader *> prepare();
  explicit RegisterLock(RegisterHeader *header);
  ~RegisterLock();
  RegisterLock(const RegisterLock &) = delete;
  RegisterLock &operator=(const RegisterLock &) = delete;

private:
  sys::SignalBlock signals_;
  std::atomic<std::uint32_t> *word_;
};

/// A change of the register: a table to write into, that nobody sees before
/// `publish`. Needs: a RegisterLock that outlives it.
class RegisterChange {
public:
  /// A copy of the present table with room for `requests` more.
  /// Errors:  system, budget: more entries than a register can hold.
  static Result<RegisterChange> begin(RegisterHeader *any,
                                      std::size_t requests);
  RegisterChange(RegisterChange &&other) noexcept
      : header_(other.header_), whole_(other.whole_), table_(other.table_) {
    other.header_ = nullptr;
  }
  RegisterChange &operator=(RegisterChange &&) = delete;
  ~RegisterChange();

  SealTable &table() { return table_; }
  /// Single words, that may be written in place.
  RegisterHeader &header() { return *header_; }
  /// Puts the table in force.
  void publish();

private:
  RegisterChange(RegisterHeader *header, PageRange whole, SealTable table)
      : header_(header), whole_(whole), table_(table) {}
  RegisterHeader *header_;
  PageRange whole_;
  SealTable table_;
};

/// The register that an earlier copy of memseal made, or null. The freestanding
/// core is the first copy in its process and does not look.
RegisterHeader *register_of_other_copy();

}  // namespace memseal
