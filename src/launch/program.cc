// SPDX-License-Identifier: Apache-2.0
#include "launch/program.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "sys/auxiliary_vector.h"
#include "sys/mapped_file.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::launch {
namespace {

constexpr std::string_view default_path = "/bin:/usr/bin";

// BINPRM_BUF_SIZE of linux/binfmts.h: no more of a script is looked at.
constexpr std::size_t script_line_size = 256;
// exec_binprm() of fs/exec.c gives up after five interpreters.
constexpr int max_files = 6;

#if defined(__x86_64__)
constexpr unsigned our_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned our_machine = EM_AARCH64;
#endif

/// 0, or the errno that execve would give for this file.
int execution_error(const char *path) {
  if (sys::ReturnValue access = sys::call(SYS_faccessat, AT_FDCWD, path, X_OK);
      access.failed())
    return access.error();
  struct statx status = {};
  if (sys::ReturnValue look =
          sys::call(SYS_statx, AT_FDCWD, path, 0, STATX_TYPE, &status);
      look.failed())
    return look.error();
  return S_ISREG(status.stx_mode) ? 0 : EACCES;
}

/// Whether executing the file changes who we are, in which case the kernel
/// sets AT_SECURE and the loader ignores what its caller asks for.
/// Source: security/commoncap.c, cap_bprm_creds_from_file().
bool raises_privileges(const char *path, const sys::MappedFile &file) {
  unsigned long uid = sys::auxiliary_value(AT_UID);
  unsigned long gid = sys::auxiliary_value(AT_GID);
  unsigned long effective_uid = sys::auxiliary_value(AT_EUID);
  unsigned long effective_gid = sys::auxiliary_value(AT_EGID);
  bool set_uid = (file.mode & S_ISUID) != 0;
  bool set_gid = (file.mode & S_ISGID) != 0 && (file.mode & S_IXGRP) != 0;
  bool ignored = (set_uid || set_gid || uid != 0) &&
                 sys::call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0).raw == 1;
  if (set_uid && !ignored)
    effective_uid = file.uid;
  if (set_gid && !ignored)
    effective_gid = file.gid;
  if (effective_uid != uid || effective_gid != gid)
    return true;
  // Root has the capabilities of a file anyway.
  return !ignored && uid != 0 &&
         sys::call(SYS_getxattr, path, "security.capability", nullptr, 0).raw >
             0;
}

std::string_view text_of(elf::Bytes bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// The word after #!, as load_script() of fs/binfmt_script.c finds it.
std::string_view interpreter_of(std::string_view script) {
  std::string_view line = script.substr(2, script_line_size - 2);
  line = line.substr(0, line.find('\n'));
  std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  line.remove_prefix(begin);
  return line.substr(0, line.find_first_of(std::string_view(" \t\0", 3)));
}

/// By the loader's own name, which is part of the ABI.
std::optional<Loader> loader_of(const elf::File &file) {
  std::string_view name = name_of(file.interpreter());
  if (name.empty()) {
    // The loader itself may be started as a program: ld.so PROG ARG...
    return file.soname().starts_with("ld-linux") ? Loader::glibc : Loader::none;
  }
  if (name.starts_with("ld-linux"))
    return Loader::glibc;
  if (name.starts_with("ld-musl"))
    return Loader::musl;
  return std::nullopt;
}

Obstacle obstacle_for(elf::Flaw flaw) {
  switch (flaw) {
    case elf::Flaw::not_elf:
      return Obstacle::not_a_program;
    case elf::Flaw::not_64_bit:
      return Obstacle::thirty_two_bit;
    case elf::Flaw::foreign_order:
      return Obstacle::other_machine;
    default:
      return Obstacle::damaged;
  }
}

Refusable<Program, Hindrance> inspect_elf(const char *path, elf::Bytes bytes) {
  auto header = elf::read_header(bytes);
  if (!header)
    return refuse(Hindrance{obstacle_for(header.error()), path,
                            elf::sentence(header.error())});
  if (header->e_machine != our_machine)
    return refuse(Hindrance{Obstacle::other_machine, path});
  auto file = elf::File::create(bytes, sys::page_size());
  if (!file)
    return refuse(
        Hindrance{Obstacle::damaged, path, elf::sentence(file.error())});
  std::optional<Loader> loader = loader_of(*file);
  if (!loader)
    return refuse(Hindrance{Obstacle::unknown_loader, path});
  return Program{.path = path, .file = *file, .loader = *loader};
}

Obstacle obstacle_opening(int error, bool first) {
  if (error == ENOENT)
    return first ? Obstacle::not_found : Obstacle::interpreter_missing;
  return error == EACCES ? Obstacle::unreadable : Obstacle::not_executable;
}

}  // namespace

Refusable<void, Hindrance> find_program(
    std::string_view name, std::optional<std::string_view> path_variable,
    PathText &found) {
  if (name.empty())
    return refuse(Hindrance{Obstacle::not_found, name});
  if (name.find('/') != std::string_view::npos) {
    int error = found.clear().append(name).fits()
                    ? execution_error(found.c_str())
                    : ENAMETOOLONG;
    if (error == 0)
      return {};
    return refuse(Hindrance{
        error == ENOENT ? Obstacle::not_found : Obstacle::not_executable,
        name});
  }

  std::string_view path = path_variable.value_or(default_path);
  bool refused = false;
  for (bool more = true; more;) {
    std::size_t colon = path.find(':');
    std::string_view directory = path.substr(0, colon);
    more = colon != std::string_view::npos;
    if (more)
      path.remove_prefix(colon + 1);

    found.clear().append(directory);
    if (!directory.empty())
      found.append("/");
    if (!found.append(name).fits())
      continue;
    int error = execution_error(found.c_str());
    if (error == 0)
      return {};
    refused = refused || error == EACCES;
  }
  return refuse(Hindrance{
      refused ? Obstacle::not_executable : Obstacle::not_found, name});
}

Refusable<Program, Hindrance> inspect(const char *path, PathText &interpreter) {
  const char *at = path;
  bool through_env = false;
  for (int files = 0; files < max_files; ++files) {
    auto file = sys::map_file(at);
    if (!file)
      return refuse(
          Hindrance{obstacle_opening(file.error().sys_errno, files == 0), at});

    std::string_view text = text_of(file->bytes);
    if (!text.starts_with("#!")) {
      Program program = MEMSEAL_TRY(inspect_elf(at, file->bytes));
      if (raises_privileges(at, *file))
        return refuse(Hindrance{Obstacle::raises_privileges, at});
      program.through_env = through_env;
      return program;
    }
    std::string_view name = interpreter_of(text);
    if (name.empty())
      return refuse(Hindrance{Obstacle::not_a_program, at});
    through_env = through_env || name_of(name) == "env";
    if (!interpreter.clear().append(name).fits())
      return refuse(Hindrance{Obstacle::interpreter_missing, path});
    at = interpreter.c_str();
    if (int error = execution_error(at); error != 0)
      return refuse(Hindrance{error == ENOENT ? Obstacle::interpreter_missing
                                              : Obstacle::not_executable,
                              at});
  }
  return refuse(Hindrance{Obstacle::endless_script, path});
}

}  // namespace memseal::launch
