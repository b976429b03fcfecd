// SPDX-License-Identifier: Apache-2.0
#include "launch/installation.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "sys/auxiliary_vector.h"
#include "sys/syscall.h"

namespace memseal::launch {
namespace {

/// A part, and the folders in which it may be, relative to who looks for it:
/// the launcher in bin, or the tool in libexec/memseal.
struct Place {
  std::string_view name;
  std::string_view from_launcher, from_tool;
};

constexpr std::array<Place, 4> places{{
    {"memseal-tool", "../libexec/memseal", ""},
    {"libmemseal-audit.so", "../lib/memseal", "../../lib/memseal"},
    {"libmemseal-preload.so", "../lib/memseal", "../../lib/memseal"},
    {"libmemseal-provide.so", "../lib/memseal", "../../lib/memseal"},
}};

/// What the executable was started as, or "".
std::string_view started_as() {
  auto name = reinterpret_cast<const char *>(sys::auxiliary_value(AT_EXECFN));
  return name == nullptr ? "" : name;
}

/// The directory of the name we were started by, ending with a slash. The name
/// may be a link to the executable, in another directory.
void apparent_directory(PathText &directory) {
  std::string_view name = started_as();
  directory.clear();
  if (!name.starts_with('/') && append_working_directory(directory))
    directory.append("/");
  directory.append(name.substr(0, name.rfind('/') + 1));
}

/// The directory of the executable itself. Returns whether /proc told it.
bool real_directory(PathText &directory) {
  static char link[PATH_MAX];
  sys::ReturnValue size =
      sys::call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", link, sizeof link);
  if (size.failed())
    return false;
  std::string_view target(link, static_cast<std::size_t>(size.raw));
  directory.clear().append(directory_of(target)).append("/");
  return true;
}

bool is_readable(const PathText &path) {
  return path.fits() &&
         !sys::call(SYS_faccessat, AT_FDCWD, path.c_str(), R_OK).failed();
}

bool find_beside(const PathText &directory, const Place &place,
                 PathText &path) {
  path.clear().append(directory.view()).append(place.name);
  if (is_readable(path))
    return true;
  for (std::string_view folder : {place.from_launcher, place.from_tool}) {
    path.clear().append(directory.view()).append(folder);
    path.append("/").append(place.name);
    if (!folder.empty() && is_readable(path))
      return true;
  }
  return false;
}

}  // namespace

bool append_working_directory(PathText &path) {
  static char text[PATH_MAX];
  // The size that getcwd answers counts the terminating zero. A directory that
  // cannot be reached from the root begins with "(unreachable)".
  sys::ReturnValue size = sys::call(SYS_getcwd, text, sizeof text);
  if (size.failed() || text[0] != '/')
    return false;
  path.append({text, static_cast<std::size_t>(size.raw) - 1});
  return path.fits();
}

Refusable<void, Hindrance> find_installed(InstalledFile part, PathText &path) {
  const Place &place = places[static_cast<std::size_t>(part)];
  constinit static PathText directory;
  // An absolute name is nearly always the right one and costs nothing; asking
  // /proc costs as much as opening a file.
  bool absolute = started_as().starts_with('/');
  if (absolute) {
    apparent_directory(directory);
    if (find_beside(directory, place, path))
      return {};
  }
  if (!real_directory(directory)) {
    if (absolute)
      return refuse(Hindrance{Obstacle::module_missing, place.name});
    apparent_directory(directory);
  }
  if (find_beside(directory, place, path))
    return {};
  return refuse(Hindrance{Obstacle::module_missing, place.name});
}

}  // namespace memseal::launch
