// SPDX-License-Identifier: Apache-2.0
// A change of a register is made of writes through /proc/PID/mem, which does
// not ask for the page's protection, in the order in which the process itself
// would make them: the other table first, the generation last. So it may be
// given up at any moment.
#include "tracer/remote_register.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "seal/seal_table.h"
#include "sys/memory.h"
#include "vm/maps_parser.h"

namespace memseal::tracer {
namespace {

constexpr std::size_t new_size = std::size_t{256} << 10;
constexpr std::uint32_t most_entries = 1u << 20;
constexpr int longest_chain = 64;

template <typename T>
std::span<const std::byte> bytes_of(const T &value) {
  return std::as_bytes(std::span(&value, 1));
}

RegisterHeader empty_header(process::RemoteAddress at) {
  std::size_t page = sys::page_size();
  RegisterHeader header{};
  header.magic = register_magic;
  header.version = register_version;
  header.page_size = static_cast<std::uint32_t>(page);
  header.size = new_size - page;
  header.capacity = static_cast<std::uint32_t>((header.size - sizeof header) /
                                               (2 * sizeof(RegisterEntry)));
  header.table[0].offset = sizeof header;
  header.table[1].offset = static_cast<std::uint32_t>(
      sizeof header + header.capacity * sizeof(RegisterEntry));
  header.lock = at.value + header.size;
  return header;
}

/// The pages, and in the last one the lock, as seal/register.cc makes them.
Result<process::RemoteAddress> map_empty(const MakeCall &make,
                                         const process::RemoteMemory &memory) {
  std::size_t page = sys::page_size();
  constexpr std::uint64_t no_file = ~std::uint64_t{0};
  std::uint64_t name = MEMSEAL_TRY(
      checked_call(make, {SYS_mmap,
                          {0, page, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, no_file, 0}}));
  auto written = memory.write({name}, std::as_bytes(std::span(register_name)));
  auto file = checked_call(make, {SYS_memfd_create, {name, MFD_CLOEXEC}});
  MEMSEAL_TRY(checked_call(make, {SYS_munmap, {name, page}}));
  MEMSEAL_TRY_VOID(written);
  std::uint64_t fd = MEMSEAL_TRY(file);
  auto sized = checked_call(make, {SYS_ftruncate, {fd, new_size}});
  auto mapped = checked_call(
      make, {SYS_mmap, {0, new_size, PROT_READ, MAP_PRIVATE, fd, 0}});
  MEMSEAL_TRY(checked_call(make, {SYS_close, {fd}}));
  MEMSEAL_TRY(sized);
  std::uint64_t at = MEMSEAL_TRY(mapped);
  std::uint64_t lock = at + new_size - page;
  auto placed = checked_call(
      make, {SYS_mmap,
             {lock, page, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, no_file, 0}});
  if (placed)
    placed = checked_call(make, {SYS_madvise, {lock, page, MADV_WIPEONFORK}});
  if (!placed) {
    MEMSEAL_TRY(checked_call(make, {SYS_munmap, {at, new_size}}));
    return std::unexpected(placed.error());
  }
  return process::RemoteAddress{at};
}

}  // namespace

Result<std::uint64_t> checked_call(const MakeCall &make,
                                   const RemoteCall &call) {
  long answer = MEMSEAL_TRY(make(call));
  if (answer < 0 && answer > -4096)
    return fail(Errc::system, static_cast<int>(-answer));
  return static_cast<std::uint64_t>(answer);
}

Result<RemoteRegister> RemoteRegister::read(
    process::RemoteAddress at, const process::RemoteMemory &memory) {
  for (int i = 0; i < longest_chain; ++i) {
    auto header = MEMSEAL_TRY(memory.read_value<RegisterHeader>(at));
    if (header.magic != register_magic || header.version != register_version)
      return fail(Errc::malformed);
    if (header.next != 0) {
      at = {header.next};
      continue;
    }
    const auto &table = header.table[header.generation & 1];
    const auto &other = header.table[~header.generation & 1];
    // A process that lies about its register harms itself at most, not us.
    std::uint64_t room = header.capacity * sizeof(RegisterEntry);
    if (table.count > header.capacity || header.capacity > most_entries ||
        other.offset < sizeof header || other.offset + room > header.size)
      return fail(Errc::malformed);
    std::vector<RegisterEntry> entries(table.count);
    MEMSEAL_TRY_VOID(memory.read(at + table.offset,
                                 std::as_writable_bytes(std::span(entries))));
    Address end = 0;
    for (const RegisterEntry &entry : entries) {
      if (entry.begin < end || entry.end <= entry.begin)
        return fail(Errc::malformed);
      end = entry.end;
    }
    return RemoteRegister(at, header, std::move(entries));
  }
  return fail(Errc::malformed);
}

Result<RemoteRegister> RemoteRegister::find(
    const process::Mappings &space, const process::RemoteMemory &memory) {
  for (const Mapping &mapping : space.mappings()) {
    std::string_view path = path_of_name(mapping.name);
    if (!path.starts_with("/memfd:") || path.substr(7) != register_name)
      continue;
    if (auto found = read({mapping.range.begin()}, memory))
      return found;
  }
  return fail(Errc::malformed);
}

Result<RemoteRegister> RemoteRegister::find_or_make(
    const MakeCall &make, const process::Mappings &space,
    const process::RemoteMemory &memory) {
  if (auto found = find(space, memory))
    return found;
  process::RemoteAddress at = MEMSEAL_TRY(map_empty(make, memory));
  MEMSEAL_TRY_VOID(memory.write(at, bytes_of(empty_header(at))));
  return read(at, memory);
}

bool RemoteRegister::guarded_by_filter(PageRange range) const {
  Address at = range.begin();
  for (const RegisterEntry &entry : entries_) {
    if (entry.end <= at)
      continue;
    bool all = SealTypes{entry.filter_types}.has(seal_type::all) &&
               (entry.flags & flag_downgradable) == 0;
    if (entry.begin > at || !all)
      return false;
    at = entry.end;
    if (at >= range.end())
      return true;
  }
  return false;
}

BaseLevel RemoteRegister::base_level() const {
  return header_.base_level <= unsigned(BaseLevel::closed)
             ? static_cast<BaseLevel>(header_.base_level)
             : BaseLevel::none;
}

Result<void> RemoteRegister::record(const process::RemoteMemory &memory,
                                    std::span<const PageRange> ranges,
                                    SealTypes types, std::uint32_t engine,
                                    const filter::FilterCount &filters) {
  if (MEMSEAL_TRY(memory.read_value<std::uint32_t>({header_.lock})) != 0)
    return fail(Errc::system, EBUSY);
  std::vector<RegisterEntry> room(
      SealTable::entries_needed(entries_.size(), ranges.size()));
  std::ranges::copy(entries_, room.begin());
  SealTable table(room, entries_.size());
  for (PageRange range : ranges)
    MEMSEAL_TRY_VOID(table.add({range, types, Downgrade::refused, engine}));
  table.forget_changes();
  if (table.entries().size() > header_.capacity)
    return fail(Errc::capacity);

  RegisterHeader changed = header_;
  auto &other = changed.table[(changed.generation + 1) & 1];
  other.count = static_cast<std::uint32_t>(table.entries().size());
  MEMSEAL_TRY_VOID(
      memory.write(at_ + other.offset, std::as_bytes(table.entries())));
  if (filters.programs != 0)
    changed.base_level =
        std::max(changed.base_level, std::uint32_t(BaseLevel::compatible));
  changed.filters += filters.programs;
  changed.kernel_instructions += filters.kernel_instructions;
  MEMSEAL_TRY_VOID(memory.write(at_, bytes_of(changed)));
  ++changed.generation;
  MEMSEAL_TRY_VOID(memory.write(at_, bytes_of(changed)));
  header_ = changed;
  entries_.assign(table.entries().begin(), table.entries().end());
  return {};
}

}  // namespace memseal::tracer
