// SPDX-License-Identifier: Apache-2.0
#include "loader/image.h"

#include <linux/limits.h>

#include <optional>

#include "sys/auxiliary_vector.h"
#include "sys/maps_reader.h"
#include "sys/memory.h"
#include "sys/page_state.h"
#include "vm/maps_parser.h"

namespace memseal::loader {
namespace {

std::unexpected<Outcome> because(Reason reason, elf::Flaw flaw = {}) {
  return refuse(Outcome{.reason = reason, .flaw = flaw});
}

elf::Bytes bytes_at(Address begin, std::size_t size) {
  return {reinterpret_cast<const std::byte *>(begin), size};
}

/// Whether these headers and this link_map speak of the same object.
bool belongs(const elf::ProgramHeaders &headers, const LinkMap &map) {
  Elf64_Phdr dynamic = headers.first(PT_DYNAMIC);
  return dynamic.p_type == PT_DYNAMIC &&
         map.l_addr + dynamic.p_vaddr == reinterpret_cast<Address>(map.l_ld);
}

Refusable<elf::ProgramHeaders, Outcome> read_at(Address begin,
                                                const LinkMap &map) {
  // Headers are in the first page: that much is mapped if anything is.
  auto headers = elf::read_program_headers(bytes_at(begin, sys::page_size()));
  if (!headers)
    return because(Reason::flawed, headers.error());
  if (!belongs(*headers, map))
    return because(Reason::headers_not_found);
  return *headers;
}

/// The file in memory whose dynamic section is at `inside`.
struct FileInMemory {
  Address begin = 0;  ///< 0 if it cannot be told
  std::string_view name;
};

FileInMemory find_file(Address inside) {
  static char name[PATH_MAX];
  sys::MapsReader reader = sys::MapsReader::of_self(sys::ReadSeals::without);
  Address begin = 0;
  std::uint64_t inode = 0;
  for (;;) {
    auto next = reader.next();
    if (!next && next.error().code != Errc::malformed)
      return {};
    if (!next)
      continue;
    if (!*next)
      return {};
    const Mapping &mapping = **next;
    if (mapping.inode != 0 && mapping.offset == 0 && mapping.inode != inode) {
      begin = mapping.protection.readable() ? mapping.range.begin() : 0;
      inode = mapping.inode;
    }
    if (mapping.range.contains(inside) && mapping.inode == inode)
      return {begin, unescape_name(mapping.name, name)};
    if (mapping.range.contains(inside))
      return {};
  }
}

std::optional<elf::ProgramHeaders> headers_told_by_kernel() {
  std::size_t count = sys::auxiliary_value(AT_PHNUM);
  auto told = elf::ProgramHeaders::create(
      bytes_at(sys::auxiliary_value(AT_PHDR), count * sizeof(Elf64_Phdr)),
      count);
  return told ? std::optional(*told) : std::nullopt;
}

/// Whether the kernel was asked to execute this object. With `ld.so PROGRAM`
/// that is ld.so, and the program is mapped by it.
bool is_executed(const LinkMap &map) {
  auto told = headers_told_by_kernel();
  return told && belongs(*told, map);
}

bool is_vdso(const LinkMap &map) {
  unsigned long vdso = sys::auxiliary_value(AT_SYSINFO_EHDR);
  auto dynamic = reinterpret_cast<Address>(map.l_ld);
  // A vdso is a few pages long.
  return vdso != 0 && vdso <= dynamic && dynamic - vdso < 16 * sys::page_size();
}

/// The kernel maps the whole file of its vdso, executable, and not only the one
/// segment: in Linux 5.10 a second page holds nothing but section headers.
std::size_t size_of_vdso(std::size_t page) {
  Address begin = sys::auxiliary_value(AT_SYSINFO_EHDR);
  auto header = elf::read_header(bytes_at(begin, page));
  return header ? elf::file_size(*header) : 0;
}

std::string_view text(unsigned long address) {
  return address != 0 ? reinterpret_cast<const char *>(address) : "";
}

}  // namespace

Image image_of(LinkMap &map) {
  if (is_vdso(map))
    return {&map, "[vdso]", MappedBy::kernel};
  std::string_view path = path_of(map);
  bool by_kernel =
      is_executed(map) ||
      (map.l_addr != 0 && map.l_addr == sys::auxiliary_value(AT_BASE));
  if (path.empty())
    path = by_kernel ? text(sys::auxiliary_value(AT_EXECFN))
                     : find_file(reinterpret_cast<Address>(map.l_ld)).name;
  return {&map, path, by_kernel ? MappedBy::kernel : MappedBy::loader};
}

std::string_view file_mapped_at(Address inside) {
  return find_file(inside).name;
}

Refusable<elf::ProgramHeaders, Outcome> headers_of(const Image &image) {
  const LinkMap &map = *image.map;
  if (auto told = headers_told_by_kernel(); told && belongs(*told, map))
    return *told;
  if ((map.l_addr & (sys::page_size() - 1)) == 0 && map.l_addr != 0 &&
      sys::is_mapped(map.l_addr)) {
    auto found = read_at(map.l_addr, map);
    if (found)
      return found;
  }
  Address begin = find_file(reinterpret_cast<Address>(map.l_ld)).begin;
  if (begin == 0)
    return because(Reason::headers_not_found);
  return read_at(begin, map);
}

Refusable<void, Outcome> layout_of(const Image &image, elf::Layout &layout) {
  if (image.pages) {
    layout.set_pages(elf::PartKind::rodata, *image.pages);
    return {};
  }
  elf::ProgramHeaders headers = MEMSEAL_TRY(headers_of(image));
  elf::Placement placement{.bias = image.map->l_addr, .page = sys::page_size()};
  if (is_vdso(*image.map))
    placement.whole_file = size_of_vdso(placement.page);
  if (auto created = elf::Layout::create(headers, placement, layout); !created)
    return because(Reason::flawed, created.error());
  if (dynamic_of(*image.map).has_text_relocations())
    return because(Reason::flawed, elf::Flaw::text_relocations);
  return {};
}

}  // namespace memseal::loader
