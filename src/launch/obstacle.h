// SPDX-License-Identifier: Apache-2.0
// Why a program cannot be started sealed.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/refusable.h"

namespace memseal::launch {

/// The exit codes are those of env(1): 127 if the program is not there, 126 if
/// it cannot be executed, 125 if the failure is memseal's own.
enum class Obstacle : std::uint8_t {
  not_found,
  not_executable,
  not_a_program,  ///< neither ELF nor a script with #!
  damaged,        ///< an ELF file whose headers lie
  other_machine,
  endless_script,       ///< interpreters of interpreters, more than Linux takes
  interpreter_missing,  ///< the script's, or the program's own loader
  unreadable,           ///< it may be executed but not read
  thirty_two_bit,
  static_program,     ///< no loader in which a module could be put
  unknown_loader,     ///< neither glibc's nor musl's
  raises_privileges,  ///< setuid, setgid or with file capabilities
  no_audit,           ///< --how=audit, but its loader has no auditing
  no_room_for_tls,    ///< --how=audit, but its libraries would not fit
  no_dlopen,          ///< --require, but only preloading is left
  interpreter,        ///< --require, but it is valgrind
  env_script,         ///< --no-inherit, but #! names env
  module_missing,
  module_name,         ///< the module's own path holds a colon or a space
  too_large,           ///< the environment does not fit our tables
  no_keeper,           ///< the keeper cannot be started
  stale_filter,        ///< --require, but inside of --engine=filter
  keeper_cannot_kill,  ///< --engine=keeper, but --on-violation=kill or trap
  types_need_filter,   ///< --types, but not exact, or not deny
  closing_kills,       ///< --dlopen=seal, but --on-violation=kill or trap
  no_exit_check,       ///< --at-exit=check, but the module is no auditor
};

struct Hindrance {
  Obstacle obstacle;
  std::string_view path;    ///< of what it is about
  const char *detail = "";  ///< more, for `damaged`; static storage
};

int exit_code(Obstacle obstacle);

/// Static storage: a word for programs, "not_found", and what to tell the user
/// after the path.
const char *name(Obstacle obstacle);
const char *sentence(Obstacle obstacle);
inline const char *name(const Hindrance &hindrance) {
  return name(hindrance.obstacle);
}
inline const char *sentence(const Hindrance &hindrance) {
  return sentence(hindrance.obstacle);
}

}  // namespace memseal::launch
