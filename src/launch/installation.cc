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

struct Place {
  std::string_view name;
  std::string_view installed;  ///< relative to the executable's directory
};

constexpr std::array<Place, 4> places{{
    {"memseal-tool", "../libexec/memseal"},
    {"libmemseal-audit.so", "../lib/memseal"},
    {"libmemseal-preload.so", "../lib/memseal"},
    {"libmemseal-provide.so", "../lib/memseal"},
}};

/// The directory of this executable, ending with a slash. /proc knows best;
/// without it the name we were executed by must do.
void own_directory(PathText &directory) {
  static char link[PATH_MAX];
  sys::Answer size =
      sys::call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", link, sizeof link);
  if (!size.failed()) {
    std::string_view target(link, static_cast<std::size_t>(size.raw));
    directory.clear().append(directory_of(target)).append("/");
    return;
  }
  auto name = reinterpret_cast<const char *>(sys::auxiliary_value(AT_EXECFN));
  if (name == nullptr)
    name = "";
  directory.clear();
  if (name[0] != '/' && append_working_directory(directory))
    directory.append("/");
  std::string_view parent = directory_of(name);
  if (!parent.empty() || name[0] == '/')
    directory.append(parent).append("/");
}

bool is_readable(const PathText &path) {
  return path.fits() &&
         !sys::call(SYS_faccessat, AT_FDCWD, path.c_str(), R_OK).failed();
}

}  // namespace

bool append_working_directory(PathText &path) {
  static char text[PATH_MAX];
  // The size that getcwd answers counts the terminating zero. A directory that
  // cannot be reached from the root begins with "(unreachable)".
  sys::Answer size = sys::call(SYS_getcwd, text, sizeof text);
  if (size.failed() || text[0] != '/')
    return false;
  path.append({text, static_cast<std::size_t>(size.raw) - 1});
  return path.fits();
}

Feasible<void> find_part(Part part, PathText &path) {
  const Place &place = places[static_cast<std::size_t>(part)];
  static PathText directory;
  own_directory(directory);
  path.clear().append(directory.view()).append(place.name);
  if (is_readable(path))
    return {};
  path.clear().append(directory.view()).append(place.installed);
  path.append("/").append(place.name);
  if (is_readable(path))
    return {};
  return hindered(Obstacle::module_missing, place.name);
}

}  // namespace memseal::launch
