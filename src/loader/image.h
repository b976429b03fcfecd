// SPDX-License-Identifier: Apache-2.0
// An object in memory, and how its parts are found.
//
// The list of objects tells an address and a dynamic section, not the program
// headers. For the program the kernel tells them (AT_PHDR). For a library they
// lie behind the ELF header, which is the first thing in its first segment. In
// the rare case that neither helps (a program started as `ld.so PROGRAM`,
// prelinked libraries) /proc/self/maps tells where the file begins.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "elf/layout.h"
#include "loader/link_map.h"
#include "memseal/page_range.h"
#include "report/reason.h"

namespace memseal::loader {

using report::Outcome;
using report::Reason;

/// Who mapped it. glibc leaves the gaps between segments mapped without
/// access, the kernel leaves them to whoever comes.
enum class MappedBy : std::uint8_t { loader, kernel };

struct Image {
  LinkMap *map = nullptr;
  std::string_view name;  ///< as reports and patterns call it
  MappedBy mapped_by = MappedBy::loader;
  /// Set if it is no ELF file but read-only pages that the kernel lends.
  std::optional<PageRange> pages{};
};

/// The image that a link_map stands for. `name` of the program is what the
/// kernel was asked to execute (with `ld.so PROGRAM`, its path); of the vdso it
/// is "[vdso]".
Image image_of(LinkMap &map);

/// The path of the file that is mapped there, as /proc/self/maps tells it;
/// empty if it does not. Holds until the next call.
std::string_view file_mapped_at(Address inside);

/// The program headers of an image in memory, by one of the three ways above.
/// Outcome::reason is headers_not_found or flawed.
Refusable<elf::ProgramHeaders, Outcome> headers_of(const Image &image);

/// Writes its parts, if it may be sealed at all. Lent pages are one, rodata.
/// Outcome::reason is headers_not_found or flawed.
Refusable<void, Outcome> layout_of(const Image &image, elf::Layout &layout);

}  // namespace memseal::loader
