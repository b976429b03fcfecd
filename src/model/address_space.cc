// SPDX-License-Identifier: Apache-2.0
// Mapping, unmapping, protecting and sealing. The order of the kernel's checks
// is that of Linux 6.18: mm/mmap.c do_mmap, mm/vma.c do_vmi_munmap,
// mm/mprotect.c do_mprotect_pkey, mm/mseal.c do_mseal.
#include "model/address_space.h"

#include <cerrno>

namespace memseal::model {
namespace {

/// One above the highest user address: x86-64 with four page-table levels.
/// Nothing is mapped above it, which is all that is used here.
constexpr Address task_size = (Address{1} << 47) - 4096;

constexpr std::uint32_t all_flags = 0x1;  // DOWNGRADABLE

}  // namespace

bool Outcome::accepts(int real_error) const {
  if (certainty == Certainty::exact_or_denied && real_error == EPERM)
    return true;
  return real_error == error;
}

bool AddressSpace::filter_denies(Address at, std::uint64_t size, SealTypes type,
                                 Change change) const {
  if (enforcement_ != Enforcement::filter || size == 0)
    return false;
  return seals_.first_sealed_page_in(touched_by(at, size, page_), type, change)
      .has_value();
}

std::uint64_t AddressSpace::huge_size(Address at, std::uint64_t size,
                                      std::uint64_t aligned_by) const {
  std::uint64_t judged = size;
  for (std::uint64_t huge : huge_sizes_)
    if (size != 0 && (at | aligned_by) % huge == 0)
      judged = (size + huge - 1) / huge * huge;
  return judged;
}

bool AddressSpace::kernel_denies(Address page, SealTypes type) const {
  return kernel_denies_in(page, page + page_, type);
}

bool AddressSpace::kernel_denies_in(Address begin, Address end,
                                    SealTypes type) const {
  return enforcement_ == Enforcement::native && begin < end &&
         seals_.first_sealed_page_in({begin, end - 1}, type).has_value();
}

Outcome AddressSpace::bad_arguments(int error, SealTypes type) const {
  bool may_be_denied =
      enforcement_ == Enforcement::filter && seals_.any_page_holds(type);
  return {error, 0,
          may_be_denied ? Outcome::Certainty::exact_or_denied
                        : Outcome::Certainty::exact};
}

void AddressSpace::drop(Address begin, Address end) {
  pages_.erase(pages_.lower_bound(begin), pages_.lower_bound(end));
}

Outcome AddressSpace::map(Address at, std::uint64_t size, Placement placement) {
  bool replaces = placement.how == Placement::How::replace;
  if (size == 0)
    return bad_arguments(EINVAL, seal_type::mmap);
  std::uint64_t whole = round_up(size);
  if (whole == 0 || whole > task_size)
    return bad_arguments(ENOMEM, seal_type::mmap);
  if (at > task_size - whole)
    return bad_arguments(ENOMEM, seal_type::mmap);
  if (!aligned(at))
    return bad_arguments(EINVAL, seal_type::mmap);
  Address end = at + whole;
  std::uint64_t judged = size;
  if (placement.backing != Backing::anonymous && huge_files_)
    judged = huge_size(at, size, placement.file_page * page_);
  if (!replaces) {
    auto next = pages_.lower_bound(at);
    if (next != pages_.end() && next->first < end)
      return {EEXIST};
  } else if (filter_denies(at, judged, seal_type::mmap) ||  // S-33
             kernel_denies_in(at, end, seal_type::mmap)) {
    return {EPERM};
  }
  drop(at, end);
  for (Address page = at; page != end; page += page_)
    pages_[page] = {.protection = placement.protection,
                    .backing = placement.backing,
                    .file_page = placement.file_page + (page - at) / page_,
                    .droppable = placement.droppable,
                    .empty_in_child = placement.droppable};
  return {0, at};
}

Outcome AddressSpace::unmap(Address at, std::uint64_t size) {
  std::uint64_t whole = round_up(size);
  if (!aligned(at) || at > task_size || size > task_size - at || whole == 0)
    return bad_arguments(EINVAL, seal_type::munmap);
  if (filter_denies(at, size, seal_type::munmap) ||  // S-32
      kernel_denies_in(at, at + whole, seal_type::munmap))
    return {EPERM};
  drop(at, at + whole);
  return {};
}

Outcome AddressSpace::protect(Address at, std::uint64_t size,
                              Protection protection) {
  if (!aligned(at))
    return bad_arguments(EINVAL, seal_type::mprotect);
  if (size == 0)
    return {};
  std::uint64_t whole = round_up(size);
  Address end = at + whole;
  if (end <= at)
    return bad_arguments(ENOMEM, seal_type::mprotect);
  Change change = protection.bits == Protection::read ? Change::lowering_to_read
                                                      : Change::any;
  if (filter_denies(at, size, seal_type::mprotect, change))  // S-30, S-50
    return {EPERM};
  // Page by page until something is in the way; what is done stays done.
  Address expected = at;
  for (auto here = pages_.lower_bound(at);
       here != pages_.end() && here->first < end; ++here) {
    if (here->first != expected)
      return {ENOMEM};
    if (kernel_denies(expected, seal_type::mprotect))
      return {EPERM};  // S-62
    here->second.protection = protection;
    expected += page_;
  }
  return {expected < end ? ENOMEM : 0};
}

// mm/mmap.c, remap_file_pages: the mapping is replaced by one of the same kind.
Outcome AddressSpace::remap_file(Address at, std::uint64_t size,
                                 std::uint64_t file_page) {
  if (size != page_ || !aligned(at))
    return {0, 0, Outcome::Certainty::unspecified};  // it rounds down
  if (filter_denies(at, size, seal_type::mmap))
    return {EPERM};  // S-35
  auto here = pages_.find(at);
  if (here == pages_.end() || here->second.backing != Backing::shared)
    return {EINVAL};
  if (kernel_denies(at, seal_type::mmap))
    return {EPERM};
  here->second = {.protection = here->second.protection,
                  .backing = Backing::shared,
                  .file_page = file_page};
  return {};
}

bool AddressSpace::promises_content(Address at, const Page &page,
                                    Held wanted) const {
  if (!wanted.types.has(seal_type::discard))
    return false;
  if (enforcement_ != Enforcement::native)
    return seals_.would_gain(at, wanted);
  return page.backing == Backing::anonymous && !page.protection.writable();
}

Outcome AddressSpace::seal(Address at, std::uint64_t size, std::uint32_t types,
                           std::uint32_t flags) {
  Held wanted{{types}, (flags & all_flags) != 0};
  if ((types & ~seal_type::all.bits) != 0 || (flags & ~all_flags) != 0 ||
      (wanted.lowerable && !wanted.types.has(seal_type::mprotect)))
    return {EINVAL};  // S-01
  if (!aligned(at))
    return {EINVAL};  // S-02
  std::uint64_t whole = round_up(size);
  if (size != 0 && whole == 0)
    return {EINVAL};  // S-03
  Address end = at + whole;
  if (end < at)
    return {EINVAL};  // S-04
  if (size == 0)
    return {};  // S-05
  bool expressible = true, gains = false, lasts = true;
  Address expected = at;
  for (auto here = pages_.lower_bound(at);
       here != pages_.end() && here->first < end; ++here) {
    if (here->first != expected)
      return {ENOMEM};  // S-06
    bool page_gains = seals_.would_gain(expected, wanted);
    if (page_gains && seals_.closed(expected))
      return {EACCES};  // S-07
    gains = gains || page_gains;
    unsigned now = here->second.protection.bits;
    if (wanted.lowerable && now != Protection::read &&
        now != (Protection::read | Protection::write) &&
        now != (Protection::read | Protection::exec))
      expressible = false;  // S-51
    const Page &page = here->second;
    if (promises_content(expected, page, wanted) &&
        (page.droppable || page.not_in_child || page.empty_in_child))
      lasts = false;  // S-81
    expected += page_;
  }
  if (expected < end)
    return {ENOMEM};  // S-06
  if (wanted.types.empty())
    return {};  // S-13
  if (enforcement_ == Enforcement::native &&
      (wanted.lowerable || wanted.types != seal_type::all))
    return {EOPNOTSUPP};  // S-61
  if (gains && !expressible)
    return {EOPNOTSUPP};  // S-08
  if (!lasts)
    return {EOPNOTSUPP};
  for (Address address = at; address != end; address += page_) {
    Page &page = pages_.at(address);
    if (content_lasts_ && promises_content(address, page, wanted))
      page.freed = false;
    seals_.add(address, wanted);
  }
  return {};
}

Outcome AddressSpace::brk(Address wanted) {
  if (wanted < heap_begin_)
    return {0, heap_end_};
  Address keep_end = round_up(wanted), old_end = round_up(heap_end_);
  if (enforcement_ == Enforcement::filter && old_end > heap_begin_) {
    auto sealed =
        seals_.first_sealed_page_in({wanted, old_end - 1}, seal_type::munmap);
    if (sealed)
      return {0, 0};  // S-35: refused with the answer 0
  }
  if (keep_end < old_end &&
      kernel_denies_in(keep_end, old_end, seal_type::munmap))
    return {0, heap_end_};
  if (keep_end > old_end) {
    auto next = pages_.lower_bound(old_end);
    if (next != pages_.end() && next->first < keep_end)
      return {0, heap_end_};
    for (Address page = old_end; page < keep_end; page += page_)
      pages_[page].protection = {Protection::read | Protection::write};
  }
  drop(keep_end, old_end < keep_end ? keep_end : old_end);
  heap_end_ = wanted;
  return {0, wanted};
}

}  // namespace memseal::model
