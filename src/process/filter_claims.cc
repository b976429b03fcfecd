// SPDX-License-Identifier: Apache-2.0
//
// Whatever is read here was written by a process that may be hostile: every
// number is checked before it is used, and a chain of registers ends somewhere.
#include "process/filter_claims.h"

#include "process/remote_memory.h"
#include "seal/register_format.h"
#include "vm/maps_parser.h"

namespace memseal::process {
namespace {

constexpr std::uint32_t most_entries = 1u << 20;
constexpr int most_registers = 64, most_tries = 8;

template <typename T>
bool read_value(const RemoteMemory &memory, Address from, T &value) {
  return memory.read({from}, std::as_writable_bytes(std::span(&value, 1)))
      .has_value();
}

bool is_register(const RegisterHeader &header) {
  return header.magic == register_magic && header.version == register_version;
}

enum class Attempt : std::uint8_t { done, changed_meanwhile, damaged };

/// The table in force, if no writer came in between.
Attempt read_table(const RemoteMemory &memory, Address at,
                   std::vector<RegisterEntry> &entries) {
  RegisterHeader before{}, after{};
  if (!read_value(memory, at, before))
    return Attempt::damaged;
  const RegisterHeader::Table &table = before.table[before.generation & 1];
  if (table.count > before.capacity || table.count > most_entries)
    return Attempt::damaged;
  entries.resize(table.count);
  if (!memory.read({at + table.offset},
                   std::as_writable_bytes(std::span(entries))))
    return Attempt::damaged;
  if (!read_value(memory, at, after))
    return Attempt::damaged;
  return after.generation == before.generation ? Attempt::done
                                               : Attempt::changed_meanwhile;
}

bool read_stable_table(const RemoteMemory &memory, Address at,
                       std::vector<RegisterEntry> &entries) {
  for (int i = 0; i < most_tries; ++i) {
    Attempt attempt = read_table(memory, at, entries);
    if (attempt != Attempt::changed_meanwhile)
      return attempt == Attempt::done;
  }
  return false;
}

/// The register that replaced all others; 0 if the chain makes no sense.
Address newest(const RemoteMemory &memory, Address at) {
  for (int i = 0; i < most_registers; ++i) {
    RegisterHeader header{};
    if (!read_value(memory, at, header) || !is_register(header))
      return 0;
    if (header.next == 0)
      return at;
    at = header.next;
  }
  return 0;
}

Address find_register(const RemoteMemory &memory,
                      std::span<const Mapping> mappings) {
  for (const Mapping &mapping : mappings) {
    std::string_view path = path_of_name(mapping.name);
    RegisterHeader header{};
    if (path.starts_with("/memfd:") && path.substr(7) == register_name &&
        read_value(memory, mapping.range.begin(), header) &&
        is_register(header))
      return mapping.range.begin();
  }
  return 0;
}

/// Why these claims cannot be true; empty if nothing speaks against them.
std::string doubt_about(std::span<const RegisterEntry> entries,
                        int seccomp_mode) {
  std::uint64_t end = 0;
  bool filter = false;
  for (const RegisterEntry &entry : entries) {
    if (entry.begin < end || entry.end <= entry.begin)
      return "its register is damaged";
    end = entry.end;
    filter = filter || entry.filter_types != 0;
  }
  if (filter && seccomp_mode != 2)
    return "the kernel knows of no seccomp filter in this process";
  return {};
}

}  // namespace

FilterClaims read_filter_claims(int pid, std::span<const Mapping> mappings,
                                int seccomp_mode) {
  FilterClaims claims;
  auto memory = RemoteMemory::open(pid, RemoteMemory::Access::read);
  if (!memory)
    return claims;
  Address at = find_register(*memory, mappings);
  if (at == 0)
    return claims;
  claims.found = true;
  at = newest(*memory, at);
  std::vector<RegisterEntry> entries;
  if (at == 0 || !read_stable_table(*memory, at, entries)) {
    claims.doubt = "its register is damaged";
    return claims;
  }
  claims.doubt = doubt_about(entries, seccomp_mode);
  if (!claims.doubt.empty())
    return claims;
  for (const RegisterEntry &entry : entries) {
    auto range = PageRange::create(entry.begin, entry.end - entry.begin, 1);
    if (range && entry.filter_types != 0)
      claims.seals.push_back({*range, SealTypes{entry.filter_types},
                              (entry.flags & flag_downgradable) != 0});
  }
  return claims;
}

}  // namespace memseal::process
