// SPDX-License-Identifier: Apache-2.0
// memseal-tool: every verb of memseal, with a C library and all comforts. The
// small program `memseal` in src/launch does `run` by itself and comes here for
// everything else.
#include <iterator>
#include <string>
#include <string_view>

#include "cli/keep_seals.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "memseal/memseal.h"
#include "sys/memory.h"
#include "sys/seccomp_state.h"
#include "sys/standard_streams.h"

namespace memseal::cli {
namespace {

constexpr Verb verbs[] = {
    {"attach", "seal a process that runs already", 125, attach},
    {"run", "run a program with its memory mappings sealed", 125, run},
    {"status", "show what is sealed in a process", 3, status},
    {"check", "tell a monitor whether processes are sealed", 3, check},
    {"scan", "tell what of ELF files can be sealed", 3, scan},
    {"trace", "tell what sealing a program would break", 125, trace},
    {"doctor", "tell what this system allows and what stays open", 3, doctor},
    {"probe", "try every attack on a copy of a sealed process", 3, probe},
    {"policy", "check policy files, show which one applies", 3, policy},
    {"enable", "make a systemd service run sealed", 3, enable},
    {"disable", "undo that", 3, disable},
    {"oci", "make a container run sealed, by its config.json", 3, oci},
    {"keep-seals", "serve mseal(2) beside a program (memseal starts it itself)",
     125, keep_seals},
};

std::string usage() {
  std::string text = "usage: memseal VERB [OPTION...]\n\n";
  for (const Verb &verb : verbs)
    text += fmt::format("  {:<10} {}\n", verb.name, verb.summary);
  return text + "\n`memseal VERB --help` says more.\n";
}

/// The tool and the keeper read what hostile processes show, often as root. By
/// mseal(2) alone: a filter would bind what `run` executes, too.
void seal_itself() {
  bool there = sys::seccomp_state().none()
                   ? sys::has_mseal()
                   : sys::try_mseal_in_child() == sys::MsealTrial::works;
  if (there)
    static_cast<void>(memseal_self(MEMSEAL_NATIVE));
}

/// The exit code.
int run_verb(int argc, char **argv, std::string_view word) {
  for (const Verb &verb : verbs) {
    if (word == verb.name) {
      int code = verb.run(argc - 1, argv + 1);
      return answer_is_lost() ? verb.exit_failed : code;
    }
  }
  if (word.empty())
    complain("a verb is missing");
  else
    complain("there is no verb '{}'", word);
  print_error(usage());
  return exit_usage;
}

int main(int argc, char **argv) {
  std::string_view word = argc > 1 ? argv[1] : "";
  sys::hold_closed_streams();
  seal_itself();
  if (word == "help" || word == "--help" || word == "-h")
    print(usage());
  else if (word == "--version" || word == "-V")
    print("memseal {}\n", MEMSEAL_VERSION);
  else
    return run_verb(argc, argv, word);
  return answer_is_lost() ? exit_usage : 0;
}

}  // namespace
}  // namespace memseal::cli

int main(int argc, char **argv) {
  return memseal::cli::main(argc, argv);
}
