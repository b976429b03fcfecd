// SPDX-License-Identifier: Apache-2.0
// Reads what /proc/PID/maps and /proc/PID/smaps say. No heap, no system call:
// the text is somebody else's, and so are the names that point into it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "memseal/error.h"
#include "vm/mapping.h"

namespace memseal {

/// One line of maps, or the first line of an smaps entry, without its newline.
/// What only smaps tells stays unknown.
///
/// Errors:  malformed: not such a line, or its range is not whole pages.
/// Source:  Linux, Documentation/filesystems/proc.rst, /proc/PID/maps.
Result<Mapping> parse_mapping_line(std::string_view line, std::size_t page);

/// Whether an smaps line is a field (`VmFlags: rd ex`) of the mapping before
/// it: field names begin with a capital, addresses never do.
constexpr bool is_smaps_field(std::string_view line) {
  return !line.empty() && 'A' <= line.front() && line.front() <= 'Z';
}

/// Whether the smaps fields hold the two-letter VmFlag; `unknown` where they
/// have no VmFlags line at all (before Linux 3.8).
KernelSeal find_vm_flag(std::string_view fields, std::string_view flag);

/// Mapping::protection_key.
std::uint32_t find_protection_key(std::string_view fields);

/// Adds what one smaps field says to what was known.
void add_to_lasting(std::string_view field, Lasting &lasting);

/// The number of an smaps field such as "Rss", in bytes. Nothing if the field
/// is missing or is no number.
std::optional<std::uint64_t> find_smaps_size(std::string_view fields,
                                             std::string_view name);

/// Walks a whole text, maps or smaps, one mapping at a time.
///
///   MapsParser parser(text, page);
///   while (auto mapping = MEMSEAL_TRY(parser.next()))
///     use(*mapping);
class MapsParser {
public:
  /// Units: `page` is the page size of the process that the text is about.
  MapsParser(std::string_view text, std::size_t page)
      : rest_(text), page_(page) {}

  /// The next mapping, or nothing at the end of the text. In smaps its `seal`,
  /// `page_size` and `protection_key` are known, and `fields` is what the text
  /// says further about it.
  ///
  /// Errors:  malformed. The line is stepped over: the next call goes on
  ///          behind it.
  Result<std::optional<Mapping>> next();

  /// The smaps fields of the mapping that `next` gave last.
  std::string_view fields() const { return fields_; }

private:
  std::string_view rest_;
  std::string_view fields_;
  std::size_t page_;
};

/// What kind of memory a mapping's name says it is.
enum class NameKind : std::uint8_t {
  none,      ///< plain anonymous memory
  file,      ///< a path, or what stands for one: anon_inode:[io_uring]
  heap,      ///< [heap]
  stack,     ///< [stack]
  vdso,      ///< [vdso]
  vvar,      ///< [vvar], [vvar_vclock]
  vsyscall,  ///< [vsyscall]
  labelled,  ///< [anon:NAME], [anon_shmem:NAME]: prctl(PR_SET_VMA_ANON_NAME)
  special,   ///< [uprobes], [sigpage] and what is yet to come
};
NameKind kind_of_name(std::string_view name);

/// Whether the file was unlinked. A file whose name truly ends so looks the
/// same: the kernel's text is ambiguous.
bool name_is_deleted(std::string_view name);

/// The path without the kernel's " (deleted)".
std::string_view path_of_name(std::string_view name);

/// Undoes the kernel's escapes (a newline is \012) into `out` and returns the
/// part of it that was filled; what does not fit is cut off. The kernel does
/// not escape the backslash itself, so a file named `a\012b` reads the same as
/// one with a newline in it.
std::string_view unescape_name(std::string_view name, std::span<char> out);

}  // namespace memseal
