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
#include <vector>

#include "seal/seal_table.h"
#include "sys/memory.h"

namespace memseal::tracer {
namespace {

constexpr std::size_t new_size = std::size_t{256} << 10;

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

Result<RemoteRegister> RemoteRegister::find(
    const process::Mappings &space, const process::RemoteMemory &memory) {
  auto found = MEMSEAL_TRY(process::SealRegister::find(space, memory));
  if (!found)
    return fail(Errc::malformed);
  return RemoteRegister(std::move(*found));
}

Result<RemoteRegister> RemoteRegister::find_or_make(
    const MakeCall &make, const process::Mappings &space,
    const process::RemoteMemory &memory) {
  if (auto found = find(space, memory))
    return found;
  process::RemoteAddress at = MEMSEAL_TRY(map_empty(make, memory));
  RegisterHeader header = empty_header(at);
  MEMSEAL_TRY_VOID(memory.write(at, bytes_of(header)));
  return RemoteRegister({at, header, {}});
}

BaseLevel RemoteRegister::base_level() const {
  std::uint32_t level = register_.header.base_level;
  return level <= unsigned(BaseLevel::closed) ? static_cast<BaseLevel>(level)
                                              : BaseLevel::none;
}

Result<void> RemoteRegister::record(const process::RemoteMemory &memory,
                                    std::span<const PageRange> ranges,
                                    SealTypes types, Engine engine,
                                    const filter::FilterCount &filters) {
  auto &[at, header, entries] = register_;
  if (MEMSEAL_TRY(memory.read_value<std::uint32_t>({header.lock})) != 0)
    return fail(Errc::system, EBUSY);
  std::vector<RegisterEntry> room(
      SealTable::entries_needed(entries.size(), ranges.size()));
  std::ranges::copy(entries, room.begin());
  SealTable table(room, entries.size());
  for (PageRange range : ranges)
    MEMSEAL_TRY_VOID(table.add({range, types, Downgrade::refused, engine}));
  table.forget_changes();
  if (table.entries().size() > header.capacity)
    return fail(Errc::capacity);

  RegisterHeader changed = header;
  auto &other = changed.table[(changed.generation + 1) & 1];
  other.count = static_cast<std::uint32_t>(table.entries().size());
  MEMSEAL_TRY_VOID(
      memory.write(at + other.offset, std::as_bytes(table.entries())));
  if (filters.programs != 0)
    changed.base_level =
        std::max(changed.base_level, std::uint32_t(BaseLevel::compatible));
  changed.filters += filters.programs;
  changed.kernel_instructions += filters.kernel_instructions;
  MEMSEAL_TRY_VOID(memory.write(at, bytes_of(changed)));
  ++changed.generation;
  MEMSEAL_TRY_VOID(memory.write(at, bytes_of(changed)));
  header = changed;
  entries.assign(table.entries().begin(), table.entries().end());
  return {};
}

}  // namespace memseal::tracer
