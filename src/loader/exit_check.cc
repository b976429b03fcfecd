// SPDX-License-Identifier: Apache-2.0
#include "loader/exit_check.h"

#include "loader/image.h"
#include "sys/auxiliary_vector.h"
#include "sys/memory.h"
#include "sys/page_state.h"

namespace memseal::loader {
namespace {

// More is a circle.
constexpr int most_objects = 1 << 16, most_streams = 1 << 20;

/// Source: glibc 2.31 to 2.41, include/link.h, struct link_map.
struct Record {
  LinkMap shown;
  void *real;
  long name_space;
  void *names;
  const Elf64_Dyn *info[DT_NUM];
};

/// The words of a stream that exit reads, by index. Source: glibc 2.31 to 2.41,
/// libio/bits/types/struct_FILE.h and libio/libioP.h.
constexpr std::size_t stream_chain = 13, stream_wide = 20, stream_table = 27,
                      wide_table = 28;

constexpr Elf64_Sxword destructor_tags[] = {DT_FINI, DT_FINI_ARRAY,
                                            DT_FINI_ARRAYSZ};

bool is_writable(Address inside) {
  return sys::writability(inside & ~(sys::page_size() - 1)) ==
         sys::Writability::writable;
}

/// Whether the record's pointers to destructors lie in its dynamic section.
bool points_into(const Record &record, elf::DynamicSection dynamic) {
  const Elf64_Dyn *first = record.shown.l_ld;
  for (Elf64_Sxword tag : destructor_tags) {
    const Elf64_Dyn *entry = record.info[tag];
    if (entry == nullptr)
      continue;  // a destructor less
    Address offset =
        reinterpret_cast<Address>(entry) - reinterpret_cast<Address>(first);
    if (offset % sizeof *entry != 0 ||
        offset / sizeof *entry >= dynamic.size() || entry->d_tag != tag)
      return false;
  }
  return true;
}

bool has_no_destructors(const Record &record) {
  for (Elf64_Sxword tag : destructor_tags) {
    if (record.info[tag] != nullptr)
      return false;
  }
  return true;
}

/// Whether an ELF header that nobody can write to says the same.
bool headers_agree(const LinkMap &map) {
  if (map.l_addr == 0 || (map.l_addr & (sys::page_size() - 1)) != 0 ||
      !sys::is_mapped(map.l_addr) || is_writable(map.l_addr))
    return false;
  auto headers = elf::read_program_headers(
      {reinterpret_cast<const std::byte *>(map.l_addr), sys::page_size()});
  return headers && headers->has(PT_DYNAMIC) &&
         map.l_addr + headers->first(PT_DYNAMIC).p_vaddr ==
             reinterpret_cast<Address>(map.l_ld);
}

bool is_sound(const ExitTables &tables, const LinkMap &map) {
  auto &record = reinterpret_cast<const Record &>(map);
  if (map.l_ld == nullptr || map.l_addr == tables.vdso)
    return has_no_destructors(record);
  bool known = &map == tables.program ? map.l_addr == tables.program_bias &&
                                            map.l_ld == tables.program_dynamic
                                      : headers_agree(map);
  return known && points_into(record, dynamic_of(map));
}

bool is_readable(const void *words, std::size_t count) {
  auto begin = reinterpret_cast<Address>(words);
  Address last = begin + count * sizeof(std::uintptr_t) - 1;
  const Address mask = ~(sys::page_size() - 1);
  return begin % sizeof(std::uintptr_t) == 0 && begin != 0 &&
         sys::is_mapped(begin & mask) && sys::is_mapped(last & mask);
}

/// The libc of the program: its list of streams, and where its tables are.
void find_streams(LinkMap *head, ExitTables &tables) {
  static constinit elf::Layout layout;
  for (LinkMap *map = head; map != nullptr; map = map->l_next) {
    auto streams = find_variable(*map, "_IO_list_all");
    // A function that came with the release that tells of exit.
    if (map == head || streams.empty() ||
        find_symbol(*map, "_dl_find_object") == nullptr ||
        !layout_of(image_of(*map), layout))
      continue;
    tables.streams = streams.data();
    for (const elf::Part &part : layout.parts()) {
      if (part.kind == elf::PartKind::relro)
        tables.libc_relro = part.range;
    }
    return;
  }
}

}  // namespace

const LinkMap *find_changed_record(const ExitTables &tables) {
  const LinkMap *map = *tables.objects;
  for (int i = 0; map != nullptr; ++i, map = map->l_next) {
    if (i == most_objects || !is_readable(map, sizeof(Record) / 8) ||
        !is_sound(tables, *map))
      return map;
  }
  return nullptr;
}

bool streams_are_changed(const ExitTables &tables) {
  if (!tables.libc_relro)
    return true;
  auto *stream = reinterpret_cast<const std::uintptr_t *>(*tables.streams);
  for (int i = 0; stream != nullptr; ++i) {
    if (i == most_streams || !is_readable(stream, stream_table + 1) ||
        !tables.libc_relro->contains(stream[stream_table]))
      return true;
    // Streams that were never told to be wide have none, or -1.
    auto *wide = reinterpret_cast<const std::uintptr_t *>(stream[stream_wide]);
    if (wide != nullptr && stream[stream_wide] != ~std::uintptr_t{0} &&
        (!is_readable(wide, wide_table + 1) ||
         !tables.libc_relro->contains(wide[wide_table])))
      return true;
    stream = reinterpret_cast<const std::uintptr_t *>(stream[stream_chain]);
  }
  return false;
}

std::optional<ExitTables> find_exit_tables(LinkMap *head) {
  ExitTables tables{.program = head,
                    .program_bias = head->l_addr,
                    .program_dynamic = head->l_ld,
                    .vdso = sys::auxiliary_value(AT_SYSINFO_EHDR)};
  for (LinkMap *map = head->l_next; map != nullptr; map = map->l_next) {
    auto variables = find_variable(*map, "_rtld_global");
    if (!variables.empty())
      tables.objects = reinterpret_cast<LinkMap *const *>(variables.data());
  }
  find_streams(head, tables);
  if (tables.objects == nullptr || *tables.objects != head ||
      tables.streams == nullptr || find_changed_record(tables) != nullptr ||
      streams_are_changed(tables))
    return std::nullopt;
  return tables;
}

}  // namespace memseal::loader
