// SPDX-License-Identifier: Apache-2.0
// The file is a header of 48 bytes, `nlibs` entries of 24 bytes and the
// strings; all offsets count from the magic. The entries are sorted by
// *descending* name, so that the loader can search by halves.
//
// Source: glibc, sysdeps/generic/dl-cache.h (struct cache_file_new) and
// elf/dl-cache.c (_dl_cache_libcmp, search_cache).
#include "elf/ld_cache.h"

#include <cstring>

#include "base/assert.h"
#include "memseal/error.h"

namespace memseal::elf {
namespace {

constexpr std::string_view magic = "glibc-ld.so.cache1.1";
constexpr std::string_view old_magic = "ld.so-1.7.0";
constexpr std::size_t header_size = 48;
constexpr std::size_t count_offset = 20;
constexpr std::size_t strings_size_offset = 24;
constexpr std::size_t old_count_offset = 12;
constexpr std::size_t old_header_size = 16;
constexpr std::size_t old_entry_size = 12;

// FLAG_ELF_LIBC6 and the 64-bit architectures of dl-cache.h.
#if defined(__x86_64__)
constexpr std::int32_t our_flags = 0x0303;
#elif defined(__aarch64__)
constexpr std::int32_t our_flags = 0x0a03;
#endif

bool begins_with(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() &&
         std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

std::uint32_t number_at(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool is_digit(char c) {
  return '0' <= c && c <= '9';
}

/// Cuts the run of digits that `text` begins with, as a number. A longer
/// number than fits wraps, as in the loader.
std::uint32_t take_number(std::string_view &text) {
  std::uint32_t value = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1))
    value = value * 10 + static_cast<std::uint32_t>(text.front() - '0');
  return value;
}

/// Where the new format begins in a file that starts with the old one.
std::size_t end_of_old_format(std::span<const std::byte> bytes) {
  if (bytes.size() < old_header_size)
    return bytes.size();
  std::size_t entries = number_at(bytes, old_count_offset);
  std::size_t end = old_header_size + entries * old_entry_size;
  return (end + 7) & ~std::size_t{7};  // ALIGN_CACHE
}

}  // namespace

int compare_library_names(std::string_view a, std::string_view b) {
  while (!a.empty()) {
    if (is_digit(a.front())) {
      if (b.empty() || !is_digit(b.front()))
        return 1;
      std::uint32_t left = take_number(a), right = take_number(b);
      if (left != right)
        return left < right ? -1 : 1;
    } else if (!b.empty() && is_digit(b.front())) {
      return -1;
    } else if (b.empty() || a.front() != b.front()) {
      auto right = b.empty() ? 0 : static_cast<signed char>(b.front());
      return static_cast<signed char>(a.front()) - right;
    } else {
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return b.empty() ? 0 : -static_cast<signed char>(b.front());
}

Refusable<LibraryCache, Flaw> LibraryCache::create(
    std::span<const std::byte> bytes) {
  if (begins_with(bytes, old_magic)) {
    std::size_t end = end_of_old_format(bytes);
    if (end >= bytes.size())
      return refuse(Flaw::bad_header);
    bytes = bytes.subspan(end);
  }
  if (!begins_with(bytes, magic) || bytes.size() < header_size)
    return refuse(Flaw::bad_header);

  LibraryCache cache;
  cache.bytes_ = bytes;
  cache.count_ = number_at(bytes, count_offset);
  std::size_t room = bytes.size() - header_size;
  if (cache.count_ > room / sizeof(Entry))
    return refuse(Flaw::bad_header);
  room -= cache.count_ * sizeof(Entry);
  std::size_t strings_size = number_at(bytes, strings_size_offset);
  if (strings_size > room)
    return refuse(Flaw::strings_outside);
  // What follows the strings (glibc 2.33's extensions) is not for us. With a
  // zero at the end of the rest no string can leave it.
  cache.bytes_ = bytes.first(bytes.size() - room + strings_size);
  if (cache.bytes_.back() != std::byte{0})
    return refuse(Flaw::strings_outside);
  return cache;
}

LibraryCache::Entry LibraryCache::entry(std::size_t i) const {
  MEMSEAL_ASSERT(i < count_);
  Entry entry;
  std::memcpy(&entry, bytes_.data() + header_size + i * sizeof entry,
              sizeof entry);
  return entry;
}

std::string_view LibraryCache::text_at(std::uint32_t offset) const {
  if (offset >= bytes_.size())
    return {};
  return reinterpret_cast<const char *>(bytes_.data() + offset);
}

std::string_view LibraryCache::find(std::string_view name) const {
  std::size_t low = 0, high = count_;
  while (low < high) {  // the first entry that is not above `name`
    std::size_t middle = low + (high - low) / 2;
    if (compare_library_names(text_at(entry(middle).key), name) > 0)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < count_; ++low) {
    Entry found = entry(low);
    if (text_at(found.key) != name)
      break;
    if (found.flags == our_flags)
      return text_at(found.value);
  }
  return {};
}

}  // namespace memseal::elf
