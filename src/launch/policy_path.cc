// SPDX-License-Identifier: Apache-2.0
#include "launch/policy_path.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "launch/environment.h"
#include "sys/syscall.h"

namespace memseal::launch {
namespace {

enum class Closed : std::uint8_t {
  counts,   ///< a folder that may not be entered may hold a policy
  ignored,  ///< it is not this user's: HOME after a change of user
};

bool is_there(const PathText &path, Closed closed) {
  if (!path.fits())
    return false;
  sys::ReturnValue answer =
      sys::call(SYS_faccessat, AT_FDCWD, path.c_str(), F_OK);
  if (!answer.failed())
    return true;
  int why = answer.error();
  return why != ENOENT && why != ENOTDIR &&
         !(why == EACCES && closed == Closed::ignored);
}

/// A relative XDG_CONFIG_HOME is invalid and to be ignored (XDG Base Directory
/// Specification 0.8, "All paths ... must be absolute").
bool begin_user_folder(const char *const *environment, PathText &path) {
  path.clear();
  auto folder = lookup(environment, "XDG_CONFIG_HOME");
  if (folder && folder->starts_with('/')) {
    path.append(*folder);
    return true;
  }
  auto home = lookup(environment, "HOME");
  if (!home || !home->starts_with('/'))
    return false;
  path.append(*home).append("/.config");
  return true;
}

}  // namespace

bool find_home_policy(const char *const *environment, std::string_view program,
                      PathText &path) {
  if (!begin_user_folder(environment, path))
    return false;
  path.append("/memseal/").append(name_of(program)).append(".toml");
  return is_there(path, Closed::ignored);
}

bool find_system_policy(std::string_view program, PathText &path) {
  path.clear().append("/etc/memseal/").append(name_of(program)).append(".toml");
  return is_there(path, Closed::counts);
}

bool find_policy(const char *const *environment, std::string_view program,
                 PathText &path) {
  return find_home_policy(environment, program, path) ||
         find_system_policy(program, path);
}

}  // namespace memseal::launch
