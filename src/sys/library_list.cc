// SPDX-License-Identifier: Apache-2.0
#include "sys/library_list.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstring>

#include "base/large_local.h"
#include "sys/syscall.h"

namespace memseal::sys {

std::string_view separators_of(ListSyntax syntax) {
  switch (syntax) {
    case ListSyntax::audit:
      return ":";
    case ListSyntax::preload:
      return ": ";
    case ListSyntax::preload_file:
      break;
  }
  return ": \t\n";
}

std::string_view take_name(std::string_view &list, ListSyntax syntax) {
  std::string_view separators = separators_of(syntax);
  while (!list.empty()) {
    if (syntax == ListSyntax::preload_file && list.front() == '#') {
      list.remove_prefix(std::min(list.find('\n'), list.size()));
      continue;
    }
    std::size_t end = list.find_first_of(separators);
    if (syntax == ListSyntax::preload_file)
      end = std::min(end, list.find('#'));
    std::string_view name = list.substr(0, end);
    list.remove_prefix(name.size());
    if (!list.empty() && list.front() != '#')
      list.remove_prefix(1);
    if (!name.empty())
      return name;
  }
  return {};
}

LibraryFile::LibraryFile(const char *path)
    : path_(path), identity_(identity_of(path)) {}

FileIdentity LibraryFile::identity_of(const char *path) {
  // As ld.so looks at files, so no filter that lets it load the program minds.
  // The kernel's structure is libc's on 64-bit machines.
  struct stat status = {};
  if (call(SYS_newfstatat, AT_FDCWD, path, &status, 0).failed())
    return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

bool LibraryFile::is(std::string_view name) const {
  if (name == path_)
    return true;
  MEMSEAL_LARGE_LOCAL char path[PATH_MAX];
  if (identity_.inode == 0 || name.find('/') == std::string_view::npos ||
      name.size() >= sizeof path)
    return false;
  std::memcpy(path, name.data(), name.size());
  path[name.size()] = '\0';
  return identity_of(path) == identity_;
}

bool LibraryFile::is_in(std::string_view list, ListSyntax syntax) const {
  for (;;) {
    std::string_view name = take_name(list, syntax);
    if (name.empty())
      return false;
    if (is(name))
      return true;
  }
}

}  // namespace memseal::sys
