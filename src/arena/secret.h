// SPDX-License-Identifier: Apache-2.0
// A key in pages of its own, that is written once and sealed.
//
//     | control | guard |  mark ...        secret | guard |
//       R/W       none     R/W, locked              none       open
//       R         none     R                        none       sealed, all
//       types
//
// The pages of the secret are given three pieces of advice while they are open:
// they are locked, left out of core dumps, and zero in a child that is forked.
// Why zero and not missing (MADV_DONTFORK): a seal is inherited by address.
// Where the child had a hole, a filter would forbid the child to unmap or
// reprotect whatever it maps there itself. So the child has the pages, sealed,
// and what memseal_query tells it is true; only their content is not there. It
// is known by the mark, which is zero there too.
//
// Memory of memfd_secret(2) is shared by nature, and cannot be wiped for a
// child.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memseal/error.h"
#include "memseal/page_range.h"
#include "memseal/seal.h"

namespace memseal {

class Secret {
public:
  enum class State : std::uint8_t { open, sealed, wiped, parents };
  enum class Backing : std::uint8_t { anonymous, memfd_secret };

  /// Errors:  invalid: size 0 or above 1 GiB. system: EAGAIN, ENOMEM, EPERM for
  ///          want of lockable memory. unsupported: the kernel lacks the advice
  ///          or the backing. Nothing is made.
  static Result<Secret *> create(std::size_t size, Backing backing);

  State state() const;
  /// The first byte; null if it is wiped.
  void *bytes() const { return bytes_; }
  std::size_t size() const { return size_; }
  Backing backing() const { return backing_; }
  /// All of it, control page and guards included.
  PageRange pages() const { return all_; }

  /// Errors:  wiped; those of mprotect(2) and of a commit. It is open then.
  Result<void> seal(Engine engine);
  /// Errors:  denied: it is sealed.
  Result<void> wipe();
  /// As `wipe`; the object is gone.
  Result<void> free();

private:
  Secret(PageRange all, PageRange data, std::size_t size, Backing backing);
  bool has_mark() const;
  Result<void> protect(unsigned bits);

  PageRange all_, data_;
  std::size_t size_;
  Backing backing_;
  bool sealed_ = false;
  void *bytes_;
};

}  // namespace memseal
