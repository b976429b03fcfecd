// SPDX-License-Identifier: Apache-2.0
#include "process/seal_register.h"

#include <algorithm>
#include <string_view>

#include "memseal/seal_types.h"
#include "process/memfd.h"
#include "sys/memory.h"
#include "vm/maps_parser.h"

namespace memseal::process {
namespace {

constexpr std::uint32_t most_entries = 1u << 20;
constexpr int longest_chain = 64, most_tries = 8;

/// By its name, which a file elsewhere could have, too.
bool may_be_register(const Mapping &mapping) {
  std::string_view path = path_of_name(mapping.name);
  return path.starts_with("/memfd:") && path.substr(7) == register_name &&
         mapping.offset == 0 && mapping.protection.readable() &&
         mapping.sharing == Sharing::private_copy && is_on_memfds(mapping);
}

/// It is written last: without it a register is being made.
bool has_magic(const RemoteMemory &memory, RemoteAddress at) {
  auto magic = memory.read_value<std::uint64_t>(at);
  return magic && *magic == register_magic;
}

enum class Reading : std::uint8_t { done, changed_meanwhile };

/// The table in force, if no writer came in between.
Result<Reading> read_table(const RemoteMemory &memory, SealRegister &found) {
  const auto &table = found.header.table[found.header.generation & 1];
  found.entries.resize(table.count);
  MEMSEAL_TRY_VOID(
      memory.read(found.at + table.offset,
                  std::as_writable_bytes(std::span(found.entries))));
  auto after = MEMSEAL_TRY(memory.read_value<RegisterHeader>(found.at));
  return after.generation == found.header.generation
             ? Reading::done
             : Reading::changed_meanwhile;
}

/// Follows the chain to the register that replaced all others.
Result<SealRegister> read_newest(const Mappings &mappings, RemoteAddress at,
                                 const RemoteMemory &memory) {
  for (int i = 0; i < longest_chain; ++i) {
    const Mapping *there = mappings.find(at.value);
    if (there == nullptr || there->range.begin() != at.value ||
        !may_be_register(*there))
      return fail(Errc::malformed);
    auto header = MEMSEAL_TRY(memory.read_value<RegisterHeader>(at));
    if (!is_plausible(header, there->range.size()))
      return fail(Errc::malformed);
    if (header.next == 0)
      return SealRegister{at, header, {}};
    at = {header.next};
  }
  return fail(Errc::malformed);
}

}  // namespace

bool is_plausible(const RegisterHeader &header, std::uint64_t room) {
  if (header.magic != register_magic || header.version != register_version ||
      header.capacity > most_entries || header.size > room)
    return false;
  std::uint64_t size = header.capacity * sizeof(RegisterEntry);
  return std::ranges::all_of(header.table, [&](const auto &table) {
    return table.count <= header.capacity && table.offset >= sizeof header &&
           table.offset + size <= header.size;
  });
}

bool are_in_order(std::span<const RegisterEntry> entries, std::size_t page) {
  std::uint64_t end = 0;
  for (const RegisterEntry &entry : entries) {
    if (entry.begin < end || entry.end <= entry.begin ||
        ((entry.begin | entry.end) & (page - 1)) != 0)
      return false;
    end = entry.end;
  }
  return true;
}

bool guarded_by_filter(std::span<const RegisterEntry> entries,
                       PageRange range) {
  auto entry =
      std::ranges::upper_bound(entries, range.begin(), {}, &RegisterEntry::end);
  for (Address at = range.begin(); at < range.end(); ++entry) {
    if (entry == entries.end() || entry->begin > at ||
        !SealTypes{entry->filter_types}.has(seal_type::all) ||
        (entry->flags & flag_downgradable) != 0)
      return false;
    at = entry->end;
  }
  return true;
}

Result<std::optional<SealRegister>> SealRegister::find(
    const Mappings &mappings, const RemoteMemory &memory) {
  auto first = std::ranges::find_if(mappings.mappings(), [&](const Mapping &m) {
    return may_be_register(m) && has_magic(memory, {m.range.begin()});
  });
  if (first == mappings.mappings().end())
    return std::nullopt;
  for (int i = 0; i < most_tries; ++i) {
    SealRegister found =
        MEMSEAL_TRY(read_newest(mappings, {first->range.begin()}, memory));
    if (MEMSEAL_TRY(read_table(memory, found)) == Reading::changed_meanwhile)
      continue;
    if (!are_in_order(found.entries, sys::page_size()))
      return fail(Errc::malformed);
    return found;
  }
  return fail(Errc::malformed);
}

}  // namespace memseal::process
