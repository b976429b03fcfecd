// SPDX-License-Identifier: Apache-2.0
// memseal-tool: every verb of memseal, with a C library and all comforts. The
// small program `memseal` in src/launch does `run` by itself and comes here for
// everything else.
#include <fmt/core.h>

#include <iterator>
#include <string_view>

#include "cli/keep_seals.h"
#include "cli/run.h"
#include "cli/verb.h"
#include "cli/verbs.h"

namespace memseal::cli {
namespace {

constexpr Verb verbs[] = {
    {"attach", "seal a process that runs already", attach},
    {"run", "run a program with its memory mappings sealed", run},
    {"status", "show what is sealed in a process", status},
    {"trace", "say what sealing a program would break", trace},
    {"doctor", "tell what this system allows and what stays open", doctor},
    {"probe", "try every attack on a copy of a sealed process", probe},
    {"policy", "check policy files, show which one applies", policy},
    {"enable", "make a systemd service run sealed", enable},
    {"disable", "undo that", disable},
    {"keep-seals", "serve mseal(2) beside a program (memseal starts it itself)",
     keep_seals},
};

int usage(std::FILE *out) {
  fmt::print(out, "usage: memseal VERB [OPTION...]\n\n");
  for (const Verb &verb : verbs)
    fmt::print(out, "  {:<10} {}\n", verb.name, verb.summary);
  fmt::print(out, "\n`memseal VERB --help` says more.\n");
  return out == stdout ? 0 : exit_usage;
}

int main(int argc, char **argv) {
  std::string_view word = argc > 1 ? argv[1] : "";
  if (word == "help" || word == "--help" || word == "-h")
    return usage(stdout);
  if (word == "--version") {
    fmt::print("memseal {}\n", MEMSEAL_VERSION);
    return 0;
  }
  for (const Verb &verb : verbs) {
    if (word == verb.name)
      return verb.run(argc - 1, argv + 1);
  }
  if (word.empty())
    fmt::print(stderr, "memseal: a verb is missing\n");
  else
    fmt::print(stderr, "memseal: there is no verb '{}'\n", word);
  return usage(stderr);
}

}  // namespace
}  // namespace memseal::cli

int main(int argc, char **argv) {
  return memseal::cli::main(argc, argv);
}
