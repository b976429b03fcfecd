// SPDX-License-Identifier: Apache-2.0
// A reference address space: what memory calls do, with and without seals.
//
// The filter compiler turns the rules of docs/semantics.md into comparisons of
// 32-bit words. This turns the same rules into the plainest thing that can be
// true: a map from page to page, walked one page at a time. It shares no line
// with src/filter, so that when both agree with each other and with the kernel
// on a hundred thousand random programs, the agreement means something.
//
// It knows pages, not VMAs. Where Linux's answer depends on how it cut pages
// into VMAs, or on its version, the outcome says `unspecified` instead of
// guessing, and the differential test leaves that call out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "memseal/page_range.h"
#include "memseal/seal_types.h"
#include "model/held_seals.h"
#include "vm/protection.h"

namespace memseal::model {

/// Whose seals these are: how a denial looks (S-27, S-62).
enum class Enforcement : std::uint8_t {
  none,    ///< nothing is denied: the kernel without seals
  filter,  ///< engines filter and strict: judged first, all or nothing
  native,  ///< mseal(2) of Linux 6.18: some calls stop half way
};

enum class Backing : std::uint8_t { anonymous, private_file, shared };

/// What one page is. Its bytes are one number: what its first word reads.
struct Page {
  Protection protection;
  Backing backing = Backing::anonymous;
  std::uint64_t file_page = 0;  ///< index into the file, unless anonymous
  /// The page's own copy, if it has one. Without: the file's, or zero.
  std::optional<std::uint64_t> own{};
  bool guard = false;          ///< MADV_GUARD_INSTALL: access faults
  bool droppable = false;      ///< MAP_DROPPABLE: may be emptied at any time
  bool freed = false;          ///< by MADV_FREE, and not written to since
  bool unpredictable = false;  ///< may have been emptied, until written
  bool not_in_child = false, empty_in_child = false;  ///< DONTFORK, WIPEONFORK
};

/// The answer of a call.
struct Outcome {
  enum class Certainty : std::uint8_t {
    exact,
    exact_or_denied,  ///< S-29: EPERM may stand instead of `error`
    unspecified,      ///< do not make this call: versions differ
  };
  int error = 0;
  std::uint64_t value = 0;
  Certainty certainty = Certainty::exact;

  bool accepts(int real_error) const;
};

class AddressSpace {
public:
  AddressSpace(std::uint64_t page, Enforcement enforcement)
      : page_(page), enforcement_(enforcement), seals_(page) {}

  /// mmap(2). `file_page` counts for memory with a file.
  struct Placement {
    Protection protection;
    Backing backing = Backing::anonymous;
    std::uint64_t file_page = 0;
    enum class How : std::uint8_t { replace, no_replace } how = How::replace;
    bool droppable = false;
  };
  Outcome map(Address at, std::uint64_t size, Placement placement);
  Outcome unmap(Address at, std::uint64_t size);
  Outcome protect(Address at, std::uint64_t size, Protection protection);
  Outcome advise(Address at, std::uint64_t size, int advice);
  /// remap_file_pages(2).
  Outcome remap_file(Address at, std::uint64_t size, std::uint64_t file_page);
  /// mremap(2), with the flags of <linux/mman.h>.
  Outcome remap(Address old, std::uint64_t old_size, std::uint64_t new_size,
                unsigned flags, Address target);
  /// brk(2): the value is what the call returns.
  Outcome brk(Address wanted);
  /// memseal(), docs/semantics.md section 1; through mseal(2) if native.
  Outcome seal(Address at, std::uint64_t size, std::uint32_t types,
               std::uint32_t flags);

  /// Stores a word, if the page lets it; returns whether it did.
  bool write(Address at, std::uint64_t value);
  /// What the page reads; nothing if it faults or cannot be foretold.
  std::optional<std::uint64_t> read(Address at) const;

  /// Sizes of huge pages that the machine may have, ascending.
  void set_huge_sizes(std::vector<std::uint64_t> sizes) {
    huge_sizes_ = std::move(sizes);
  }
  /// Whether a file may be one of huge pages (S-33).
  void set_huge_files(bool possible) { huge_files_ = possible; }

  /// Whether who seals takes the marks of MADV_FREE off (S-81).
  void set_content_lasts(bool lasts) { content_lasts_ = lasts; }

  /// A page that was sealed with every type and is not mapped any more: with a
  /// filter an address stays sealed (S-66).
  void hold_elsewhere(Address at) { seals_.add(at, {seal_type::all}); }

  const std::map<Address, Page> &pages() const { return pages_; }
  const HeldSeals &seals() const { return seals_; }
  void set_file(std::uint64_t file_page, std::uint64_t value) {
    file_[file_page] = value;
  }
  /// Where brk begins; the heap is empty until brk grows it.
  void set_heap(Address begin) { heap_begin_ = heap_end_ = begin; }

private:
  using Pages = std::map<Address, Page>;

  Address round_up(std::uint64_t size) const {
    return (size + page_ - 1) & ~(page_ - 1);
  }
  bool aligned(Address at) const { return at % page_ == 0; }
  /// Whether the filter denies the act before the kernel sees it.
  bool filter_denies(Address at, std::uint64_t size, SealTypes type,
                     Change change = Change::any) const;
  /// The size that S-33 judges: rounded up where the pages may be huge.
  /// `aligned_by` are the numbers that would have to be aligned.
  std::uint64_t huge_size(Address at, std::uint64_t size,
                          std::uint64_t aligned_by) const;
  /// The same for what a move lands on (S-34).
  std::uint64_t moved_size(Address old, Address target,
                           std::uint64_t size) const;
  /// Whether mseal(2) denies the act on this one page.
  bool kernel_denies(Address page, SealTypes type) const;
  bool kernel_denies_in(Address begin, Address end, SealTypes type) const;
  Outcome bad_arguments(int error, SealTypes type) const;
  void drop(Address begin, Address end);

  int advise_page(Page &page, int advice);
  void empty(Page &page);
  /// What the kernel may empty, it may have emptied.
  static void page_out(Page &page);
  /// Whether sealing with these types promises that the content lasts (S-81).
  bool promises_content(Address at, const Page &page, Held wanted) const;
  std::uint64_t file_value(std::uint64_t file_page) const;

  int remap_arguments(Address old, std::uint64_t old_size,
                      std::uint64_t new_size, unsigned flags,
                      Address target) const;
  Outcome resize(Address old, std::uint64_t old_size, std::uint64_t new_size);
  Outcome move(Address old, std::uint64_t old_size, std::uint64_t new_size,
               unsigned flags, Address target);

  std::uint64_t page_;
  Enforcement enforcement_;
  HeldSeals seals_;
  Pages pages_;
  std::map<std::uint64_t, std::uint64_t> file_;
  Address heap_begin_ = 0, heap_end_ = 0;
  std::vector<std::uint64_t> huge_sizes_{2U << 20, 1U << 30};
  bool huge_files_ = true;
  bool content_lasts_ = false;
};

}  // namespace memseal::model
