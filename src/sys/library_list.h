// SPDX-License-Identifier: Apache-2.0
// The lists by which ld.so is told to load more than a program asks for, and
// whether a library is in one.
//
// A library has many names: through links, with /../ in it, by another mount.
// ld.so loads each file once by its device and inode, and an auditor as often
// as it is named. So a library is found in a list by its file, never by text
// alone, which would also take x.so.old for x.so.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/file_identity.h"

namespace memseal::sys {

enum class ListSyntax : std::uint8_t {
  audit,         ///< LD_AUDIT: colons
  preload,       ///< LD_PRELOAD: colons and blanks
  preload_file,  ///< /etc/ld.so.preload: colons, white space, comments
};

/// What separates the names of a list.
/// Source: glibc, elf/rtld.c (audit_list_next, handle_preload_list).
std::string_view separators_of(ListSyntax syntax);

/// Cuts the next name off the list; empty at the end. Source: as above, and
/// do_preload for comments, from a # to the end of its line.
std::string_view take_name(std::string_view &list, ListSyntax syntax);

/// A library's file.
class LibraryFile {
public:
  /// Needs: `path` outlives this. A file that cannot be looked at has this one
  /// name only.
  explicit LibraryFile(const char *path);

  /// Whether this is what ld.so would open for a name with a slash. (One
  /// without is searched for; none of memseal's is found that way.)
  bool is(std::string_view name) const;

  bool is_in(std::string_view list, ListSyntax syntax) const;

private:
  static FileIdentity identity_of(const char *path);

  std::string_view path_;
  FileIdentity identity_;  ///< inode 0: unknown
};

}  // namespace memseal::sys
