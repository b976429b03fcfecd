// SPDX-License-Identifier: Apache-2.0
#include "seal/seal_table.h"

#include <algorithm>

namespace memseal {
namespace {

constexpr std::uint32_t mprotect_bit = seal_type::mprotect.bits;

bool is_downgradable(const RegisterEntry &entry) {
  return (entry.flags & flag_downgradable) != 0;
}

bool gains(const RegisterEntry &entry, SealTypes types, Downgrade downgrade) {
  if ((types.bits & ~entry.types) != 0)
    return true;
  return types.has(seal_type::mprotect) && is_downgradable(entry) &&
         downgrade == Downgrade::refused;
}

bool same_but_range(const RegisterEntry &a, const RegisterEntry &b) {
  return a.types == b.types && a.filter_types == b.filter_types &&
         a.flags == b.flags && a.engine == b.engine;
}

/// What holds on one piece after the grant (S-14, S-50).
void strengthen(RegisterEntry &entry, const Grant &grant) {
  const RegisterEntry before = entry;
  bool asks = grant.types.has(seal_type::mprotect);
  bool held = (before.types & mprotect_bit) != 0;
  bool immutable = (held && !is_downgradable(before)) ||
                   (asks && grant.downgrade == Downgrade::refused);

  entry.types |= grant.types.bits;
  entry.engine |= grant.engine.bits();
  entry.flags &= ~flag_downgradable;
  if (!immutable && (asks || held))
    entry.flags |= flag_downgradable;

  // Also if it is said to be there: mseal(2) costs little, and changes nothing
  // where that is true.
  const std::uint32_t content =
      grant.types.has(seal_type::discard) ? flag_content_due : 0;
  if (grant.engine.has(Engine::native))
    entry.flags |= flag_native_due | content;
  if (!grant.engine.has(Engine::filter))
    return;
  entry.filter_types |= grant.types.bits;
  bool tightened = (entry.filter_types & mprotect_bit) != 0 &&
                   is_downgradable(before) && !is_downgradable(entry);
  if (entry.filter_types != before.filter_types || tightened)
    entry.flags |= flag_filter_due | content;
}

}  // namespace

std::size_t SealTable::first_ending_after(Address address) const {
  auto all = entries();
  auto it = std::partition_point(
      all.begin(), all.end(),
      [&](const RegisterEntry &entry) { return entry.end <= address; });
  return static_cast<std::size_t>(it - all.begin());
}

std::optional<RegisterEntry> SealTable::first_from(Address address) const {
  std::size_t i = first_ending_after(address);
  return i == count_ ? std::nullopt : std::optional(storage_[i]);
}

std::optional<Address> SealTable::first_closed(PageRange range, SealTypes types,
                                               Downgrade downgrade) const {
  for (std::size_t i = first_ending_after(range.begin());
       i < count_ && storage_[i].begin < range.end(); ++i) {
    const RegisterEntry &entry = storage_[i];
    if (SealTypes{entry.types}.has(seal_type::seal) &&
        gains(entry, types, downgrade))
      return std::max<Address>(entry.begin, range.begin());
  }
  return {};
}

bool SealTable::would_gain(PageRange range, SealTypes types,
                           Downgrade downgrade) const {
  if (types.empty())
    return false;
  Address covered = range.begin();
  for (std::size_t i = first_ending_after(range.begin());
       i < count_ && storage_[i].begin < range.end(); ++i) {
    if (storage_[i].begin > covered || gains(storage_[i], types, downgrade))
      return true;
    covered = storage_[i].end;
  }
  return covered < range.end();
}

Result<void> SealTable::insert(std::size_t index, const RegisterEntry &entry) {
  if (count_ == storage_.size())
    return fail(Errc::capacity);
  auto *items = storage_.data();
  std::copy_backward(items + index, items + count_, items + count_ + 1);
  items[index] = entry;
  ++count_;
  return {};
}

Result<void> SealTable::split(Address at) {
  std::size_t i = first_ending_after(at);
  if (i == count_ || storage_[i].begin >= at)
    return {};
  RegisterEntry left = storage_[i];
  left.end = at;
  storage_[i].begin = at;
  return insert(i, left);
}

Result<void> SealTable::add(const Grant &grant) {
  if (grant.types.empty())
    return {};
  MEMSEAL_TRY_VOID(split(grant.range.begin()));
  MEMSEAL_TRY_VOID(split(grant.range.end()));

  const std::size_t first = first_ending_after(grant.range.begin());
  std::size_t i = first;
  Address at = grant.range.begin();
  while (at < grant.range.end()) {
    if (i == count_ || storage_[i].begin > at) {
      Address gap_end =
          i == count_ ? grant.range.end()
                      : std::min<Address>(storage_[i].begin, grant.range.end());
      MEMSEAL_TRY_VOID(insert(i, RegisterEntry{at, gap_end, 0, 0, 0, 0}));
    }
    strengthen(storage_[i], grant);
    at = storage_[i].end;
    ++i;
  }
  merge(first == 0 ? 0 : first - 1, std::min(i + 1, count_));
  return {};
}

Result<void> SealTable::disclaim(PageRange range, Engine engine) {
  MEMSEAL_TRY_VOID(split(range.begin()));
  MEMSEAL_TRY_VOID(split(range.end()));
  for (std::size_t i = first_ending_after(range.begin());
       i < count_ && storage_[i].begin < range.end(); ++i) {
    RegisterEntry &entry = storage_[i];
    entry.engine &= ~engine.bits();
    if (engine.has(Engine::filter))
      entry.filter_types = 0;
    entry.types = Engine::from_bits(entry.engine).has(Engine::native)
                      ? seal_type::all.bits
                      : entry.filter_types & ~seal_type::seal.bits;
    if ((entry.types & mprotect_bit) == 0 ||
        Engine::from_bits(entry.engine).has(Engine::native))
      entry.flags &= ~flag_downgradable;
  }
  remove_empty();
  return {};
}

void SealTable::remove_empty() {
  auto kept = std::remove_if(
      storage_.begin(), storage_.begin() + static_cast<long>(count_),
      [](const RegisterEntry &entry) { return entry.types == 0; });
  count_ = static_cast<std::size_t>(kept - storage_.begin());
}

void SealTable::merge(std::size_t first, std::size_t last) {
  auto *items = storage_.data();
  std::size_t kept = first;
  for (std::size_t i = first + 1; i < last; ++i) {
    if (items[kept].end == items[i].begin &&
        same_but_range(items[kept], items[i]))
      items[kept].end = items[i].end;
    else
      items[++kept] = items[i];
  }
  if (first == last)
    return;
  std::copy(items + last, items + count_, items + kept + 1);
  count_ -= last - (kept + 1);
}

void SealTable::native_done(std::size_t index) {
  storage_[index].flags &= ~flag_native_due;
}

void SealTable::drop_native_due() {
  for (RegisterEntry &entry : storage_.first(count_)) {
    if ((entry.flags & flag_native_due) == 0)
      continue;
    entry.flags &= ~(flag_native_due | flag_content_due);
    entry.engine &= ~Engine::native.bits();
    entry.types = entry.filter_types;
  }
  remove_empty();
}

void SealTable::forget_changes() {
  for (RegisterEntry &entry : storage_.first(count_))
    entry.flags &= flag_downgradable;
  merge(0, count_);
}

}  // namespace memseal
