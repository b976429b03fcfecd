// SPDX-License-Identifier: Apache-2.0
#include "launch/obstacle.h"

namespace memseal::launch {

int exit_code(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::not_found:
    case Obstacle::interpreter_missing:
      return 127;
    case Obstacle::not_executable:
    case Obstacle::not_a_program:
    case Obstacle::damaged:
    case Obstacle::other_machine:
    case Obstacle::endless_script:
      return 126;
    default:
      return 125;
  }
}

const char *name(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::not_found:
      return "not_found";
    case Obstacle::not_executable:
      return "not_executable";
    case Obstacle::not_a_program:
      return "not_a_program";
    case Obstacle::damaged:
      return "damaged";
    case Obstacle::other_machine:
      return "other_machine";
    case Obstacle::endless_script:
      return "endless_script";
    case Obstacle::interpreter_missing:
      return "interpreter_missing";
    case Obstacle::unreadable:
      return "unreadable";
    case Obstacle::thirty_two_bit:
      return "thirty_two_bit";
    case Obstacle::static_program:
      return "static_program";
    case Obstacle::unknown_loader:
      return "unknown_loader";
    case Obstacle::raises_privileges:
      return "raises_privileges";
    case Obstacle::no_audit:
      return "no_audit";
    case Obstacle::no_room_for_tls:
      return "no_room_for_tls";
    case Obstacle::no_dlopen:
      return "no_dlopen";
    case Obstacle::interpreter:
      return "interpreter";
    case Obstacle::env_script:
      return "env_script";
    case Obstacle::module_missing:
      return "module_missing";
    case Obstacle::module_name:
      return "module_name";
    case Obstacle::too_large:
      return "too_large";
    case Obstacle::no_keeper:
      return "no_keeper";
    case Obstacle::stale_filter:
      return "stale_filter";
    case Obstacle::keeper_cannot_kill:
      return "keeper_cannot_kill";
    case Obstacle::types_need_filter:
      return "types_need_filter";
    case Obstacle::no_exit_check:
      return "no_exit_check";
    case Obstacle::closing_kills:
      return "closing_kills";
  }
  return "unknown";
}

const char *sentence(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::not_found:
      return "cannot be found";
    case Obstacle::not_executable:
      return "is not executable";
    case Obstacle::not_a_program:
      return "is neither an ELF program nor a script that begins with #!";
    case Obstacle::damaged:
      return "is a damaged ELF file";
    case Obstacle::other_machine:
      return "is a program for another processor";
    case Obstacle::endless_script:
      return "is a script whose interpreters are scripts, nested deeper than "
             "Linux allows";
    case Obstacle::interpreter_missing:
      return "needs an interpreter that is not there";
    case Obstacle::unreadable:
      return "may be executed but not read, so memseal cannot see how it would "
             "have to be sealed";
    case Obstacle::thirty_two_bit:
      return "is a 32-bit program, and Linux seals memory of 64-bit programs "
             "only";
    case Obstacle::static_program:
      return "is statically linked, so no loader can bring the sealing module "
             "into it";
    case Obstacle::unknown_loader:
      return "is started by a loader that is neither glibc's nor musl's";
    case Obstacle::raises_privileges:
      return "gains privileges when executed (setuid, setgid or file "
             "capabilities), so its loader ignores the caller's modules; "
             "an administrator can name the module in /etc/ld.so.preload";
    case Obstacle::no_audit:
      return "is started by musl's loader, which has no auditing; leave "
             "--how=audit out";
    case Obstacle::no_room_for_tls:
      return "needs more static thread-local storage than an audited start "
             "can give; leave --how=audit out";
    case Obstacle::no_dlopen:
      return "can be sealed by preloading only, which does not see libraries "
             "loaded later; add --dlopen=skip, or leave --require out";
    case Obstacle::interpreter:
      return "emulates the CPU and does not know mseal(2); leave --require out "
             "to run programs in it unsealed";
    case Obstacle::env_script:
      return "is started through env, whose child --no-inherit would leave "
             "unsealed; name the interpreter on memseal's command line";
    case Obstacle::module_missing:
      return "is part of memseal and cannot be found";
    case Obstacle::module_name:
      return "has a colon, a semicolon or a space in its path, which the "
             "loader would take for the end of it; install memseal elsewhere";
    case Obstacle::too_large:
      return "cannot be started: the environment is too large for memseal";
    case Obstacle::no_keeper:
      return "cannot be sealed without a keeper";
    case Obstacle::stale_filter:
      return "is started inside memseal run --engine=filter, whose filter "
             "stays in force after exec; leave --require out";
    case Obstacle::keeper_cannot_kill:
      return "cannot be started with --engine=keeper and --on-violation=kill "
             "or trap: a keeper can only refuse; use --engine=filter";
    case Obstacle::types_need_filter:
      return "can be sealed by single types only with --engine=filter and "
             "--on-violation=deny: every other seal forbids all of them";
    case Obstacle::closing_kills:
      return "would be ended by its own dlclose, which tries to unmap what "
             "--dlopen=seal has sealed; use --dlopen=pin or skip with "
             "--on-violation=kill and trap";
    case Obstacle::no_exit_check:
      return "cannot be checked at exit: only glibc's loader tells of it, and "
             "only auditors; leave --at-exit=check out";
  }
  return "cannot be started";
}

}  // namespace memseal::launch
