// SPDX-License-Identifier: Apache-2.0
// mremap(2). Linux 6.18: mm/mremap.c (check_mremap_params, check_prep_vma,
// mremap_to, mremap_at).
#include <linux/mman.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "model/address_space.h"

namespace memseal::model {
namespace {

constexpr unsigned may_move = MREMAP_MAYMOVE, fixed = MREMAP_FIXED,
                   dont_unmap = 4;  // MREMAP_DONTUNMAP, Linux 5.7
constexpr Address task_size = (Address{1} << 47) - 4096;
constexpr Outcome unspecified{0, 0, Outcome::Certainty::unspecified};

}  // namespace

int AddressSpace::remap_arguments(Address old, std::uint64_t old_size,
                                  std::uint64_t new_size, unsigned flags,
                                  Address target) const {
  if ((flags & ~(may_move | fixed | dont_unmap)) != 0 || !aligned(old))
    return EINVAL;
  if (new_size == 0 || new_size > task_size)
    return EINVAL;
  if ((flags & (fixed | dont_unmap)) == 0)
    return 0;
  if (target > task_size - new_size || !aligned(target))
    return EINVAL;
  if ((flags & may_move) == 0)
    return EINVAL;
  if ((flags & dont_unmap) != 0 && old_size != new_size)
    return EINVAL;
  // vrm_overlaps(): in bytes that may wrap, as there.
  Address old_end = old + old_size, new_end = target + new_size;
  return old_end > target && new_end > old ? EINVAL : 0;
}

std::uint64_t AddressSpace::moved_size(Address old, Address target,
                                       std::uint64_t size) const {
  std::uint64_t judged = size;
  for (std::uint64_t huge : huge_sizes_) {
    if (size == 0 || old % huge != target % huge)
      continue;  // it would be at no multiple of its size in one of the two
    Address last = target + size - 1, begin = last - last % huge;
    if (begin >= target)
      judged = std::max(judged, begin + huge - target);
  }
  return judged;
}

Outcome AddressSpace::remap(Address old, std::uint64_t old_size,
                            std::uint64_t new_size, unsigned flags,
                            Address target) {
  // An old length of 0, or one that rounds to 0, names one page (S-34).
  std::uint64_t old_whole = round_up(old_size), new_whole = round_up(new_size);
  std::uint64_t judged = old_whole == 0 ? 1 : old_size;
  if (int error = remap_arguments(old, old_whole, new_whole, flags, target);
      error != 0)
    return bad_arguments(error, seal_type::mremap);
  if (filter_denies(old, judged, seal_type::mremap) ||
      ((flags & fixed) != 0 &&
       filter_denies(target, moved_size(old, target, new_size),
                     seal_type::mremap)))
    return {EPERM};  // S-34
  auto first = pages_.find(old);
  if (first == pages_.end())
    return {EFAULT};
  if (kernel_denies(old, seal_type::mremap))
    return {EPERM};
  if (old_whole == 0 && first->second.backing != Backing::shared)
    return {EINVAL};
  if ((flags & fixed) != 0)
    return move(old, old_whole, new_whole, flags, target);
  if ((flags & dont_unmap) != 0)
    return unspecified;  // the kernel chooses the place
  if (new_whole > old_whole && (flags & may_move) != 0)
    return unspecified;
  return resize(old, old_whole, new_whole);
}

Outcome AddressSpace::resize(Address old, std::uint64_t old_size,
                             std::uint64_t new_size) {
  Address old_end = old + old_size, new_end = old + new_size;
  if (new_size <= old_size) {
    if (old_end < old || old_end > task_size)
      return {EINVAL};  // munmap's own refusal
    if (kernel_denies_in(new_end, old_end, seal_type::munmap))
      return {EPERM};
    drop(new_end, old_end);
    return {0, old};
  }
  if (old_size == 0)
    return {ENOMEM};  // an alias needs another place
  if (old_size != page_)
    return unspecified;  // whether it is one VMA decides
  auto next = pages_.lower_bound(old_end);
  if (next != pages_.end() && next->first < new_end)
    return {ENOMEM};
  Page grown = pages_.at(old);
  grown.own.reset();
  grown.guard = grown.freed = grown.unpredictable = false;
  for (Address page = old_end; page != new_end; page += page_) {
    ++grown.file_page;
    pages_[page] = grown;
  }
  return {0, old};
}

Outcome AddressSpace::move(Address old, std::uint64_t old_size,
                           std::uint64_t new_size, unsigned flags,
                           Address target) {
  if (old_size > page_ && new_size > page_)
    return unspecified;  // moving several VMAs: EFAULT before 6.17
  if (kernel_denies_in(target, target + new_size, seal_type::munmap))
    return {EPERM};
  drop(target, target + new_size);
  if (!pages_.contains(old))
    return {EFAULT};  // a range that wraps may overlap its own target
  if (new_size < old_size) {
    if (old + old_size < old || old + old_size > task_size)
      return {EINVAL};
    if (kernel_denies_in(old + new_size, old + old_size, seal_type::munmap))
      return {EPERM};  // S-62: the target is gone already
    drop(old + new_size, old + old_size);
    old_size = new_size;
  }
  Page moved = pages_.at(old);
  if (old_size == 0) {
    moved.guard = false;  // an alias of the file; page tables stay behind
  } else if ((flags & dont_unmap) != 0) {
    empty(pages_.at(old));
    pages_.at(old).guard = false;
  } else {
    drop(old, old + page_);
  }
  pages_[target] = moved;
  moved.own.reset();
  moved.guard = moved.freed = moved.unpredictable = false;
  for (Address page = target + page_; page != target + new_size;
       page += page_) {
    ++moved.file_page;
    pages_[page] = moved;
  }
  return {0, target};
}

}  // namespace memseal::model
