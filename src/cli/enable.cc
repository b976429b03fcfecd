// SPDX-License-Identifier: Apache-2.0
// memseal enable UNIT, memseal disable UNIT
//
// Background. A drop-in is a file beside a unit's own that adds settings to it.
//
// Problem. The obvious one, ExecStart= with `memseal run` before the command,
// repeats the command: the next update of the package changes the original, and
// the service goes on with the old one. It also misses ExecStartPre= and
// ExecReload=.
//
// Idea. What `memseal run` does for a program with a loader is nothing but
// setting environment variables. So let the same code do that (launch/plan.h),
// and write down the variables that it changed. The command stays the unit's
// own; main process, notification socket, signals, user, capabilities and
// limits are what they were, since no process is put before the program.
//
// What that cannot do is refused: programs without a loader, and what a tracer
// would have to do. docs/systemd.md says what else is to be thought of.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/policy_file.h"
#include "cli/unit_file.h"
#include "cli/verbs.h"
#include "launch/installation.h"
#include "launch/plan.h"

namespace memseal::cli {
namespace {

namespace fs = std::filesystem;

// Exit codes, as memseal(1) documents them.
constexpr int exit_refused = 1, exit_mistake = 2, exit_failed = 3;

constexpr const char *file_name = "50-memseal.conf";
constexpr const char *first_line = "# Made by memseal: ";
/// All that a plan may change, and all that the modules read.
constexpr const char *variables[] = {"LD_AUDIT",       "LD_PRELOAD",
                                     "GLIBC_TUNABLES", "MEMSEAL_OPTIONS",
                                     "MEMSEAL_KEEPER", "MEMSEAL_PROVIDE"};

struct Request {
  std::vector<std::string> names;
  std::string policy, root;
  bool dry_run = false;
};

/// Tells on standard error and gives the code back.
int complain(int code, const std::string &sentence) {
  fmt::print(stderr, "memseal: {}\n", sentence);
  return code;
}

std::string drop_in_of(const Request &request, const std::string &unit) {
  return request.root + "/etc/systemd/system/" + unit + ".d/" + file_name;
}

bool names_ours(const std::string &assignment) {
  for (const char *name : variables) {
    if (assignment.starts_with(std::string(name) + "="))
      return true;
  }
  return false;
}

/// Why the environment of this unit is not ours to set; empty: it is.
std::string objection(const Unit &unit, const std::string &root) {
  if (unit.file.empty())
    return fmt::format("there is no unit '{}'", unit.name);
  if (unit.file == "/dev/null")
    return fmt::format("'{}' is masked", unit.name);
  if (unit.commands.empty())
    return fmt::format("'{}' has no ExecStart=: it starts no program",
                       unit.file);
  if (unit.has_own_root)
    return fmt::format(
        "'{}' has a root directory of its own, where the loader module is not",
        unit.name);
  for (const std::string &file : unit.environment_files) {
    std::ifstream in(root + file);
    for (std::string line; std::getline(in, line);) {
      if (names_ours(line))
        return fmt::format(
            "'{}', an EnvironmentFile= of the unit, sets {} and would win",
            file, line.substr(0, line.find('=')));
    }
  }
  return {};
}

/// The policy that was named, or the program's in /etc: a service has no
/// configuration in anybody's home. The exit code if it is faulty.
int choose_policy(const Request &request, const std::string &program,
                  Policy &policy, std::string &file) {
  file = request.policy;
  if (file == "none") {
    file.clear();
    return 0;
  }
  if (file.empty()) {
    std::string name = program.substr(program.rfind('/') + 1);
    std::string candidate = request.root + "/etc/memseal/" + name + ".toml";
    std::error_code error;
    if (!fs::exists(candidate, error) && !error)
      return 0;
    file = candidate;
  }
  policy = read_policy(file);
  for (const PolicyFault &fault : policy.faults)
    complain(0, sentence(file, fault));
  return policy.faults.empty() ? 0 : exit_refused;
}

/// The path of a module as it is without the detours by which it was found.
std::string tidied(std::string value) {
  for (launch::Part part :
       {launch::Part::audit_module, launch::Part::preload_module,
        launch::Part::provide_library, launch::Part::tool}) {
    static launch::PathText path;
    char real[PATH_MAX];
    if (!launch::find_part(part, path) ||
        realpath(path.c_str(), real) == nullptr)
      continue;
    std::size_t at = value.find(path.view());
    if (at != std::string::npos)
      value.replace(at, path.view().size(), real);
  }
  return value;
}

/// A drop-in sets an environment and starts nothing.
bool needs_keeper(const RunOptions &options) {
  return !wants_own_filters(options) &&
         (options.engine == EngineChoice::filter ||
          options.engine == EngineChoice::strict ||
          options.violation == Violation::report);
}

/// What the program of one ExecStart= needs in its environment.
int assignments_for(const Request &request, const Unit &unit,
                    const std::string &program, const Policy &policy,
                    std::vector<std::string> &result) {
  std::vector<std::string> inherited;
  for (const std::string &assignment : unit.environment) {
    if (names_ours(assignment))
      inherited.push_back(assignment);
  }
  std::vector<char *> environment;
  for (std::string &assignment : inherited)
    environment.push_back(assignment.data());
  environment.push_back(nullptr);

  std::string path = request.root + program;
  char *arguments[] = {path.data(), nullptr};
  launch::RunRequest run;
  policy.apply_to(run);
  run.program = arguments;
  constinit static launch::Preparation preparation;
  auto plan = preparation.prepare(run, environment.data());
  if (!plan)
    return complain(exit_refused,
                    fmt::format("'{}' {}", plan.error().path,
                                launch::sentence(plan.error().obstacle)));
  if (plan->road == launch::Road::trace)
    return complain(
        exit_refused,
        fmt::format("'{}' could be sealed by a tracer only, {}: put `memseal "
                    "run --` before its command, in an override of your own",
                    program,
                    run.options.violation == Violation::report ||
                            run.how != launch::How::automatic
                        ? "as its policy asks"
                        : "since it has no loader"));
  if (needs_keeper(run.options))
    return complain(
        exit_refused,
        fmt::format("the policy of '{}' needs a process beside the service, "
                    "which `memseal run` alone starts: say engine = \"exact\", "
                    "or put `memseal run --` before its command, in an "
                    "override of your own",
                    program));
  for (const char *name : variables) {
    if (auto value = launch::lookup(plan->environment, name))
      result.push_back(tidied(fmt::format("{}={}", name, *value)));
  }
  return 0;
}

std::string text_of(const Request &request, const Unit &unit,
                    const Policy &policy, const std::string &policy_file,
                    const std::vector<std::string> &assignments) {
  std::string text = fmt::format(
      "{}`memseal disable {}` removes it.\n"
      "# Policy: {}. After a change to it, say `memseal enable` again.\n"
      "[Service]\n",
      first_line, unit.name,
      policy_file.empty() ? "none"
      : policy_file.starts_with(request.root)
          ? policy_file.substr(request.root.size())
          : policy_file);
  for (const std::string &assignment : assignments)
    text += "Environment=" + quoted_word(assignment) + "\n";
  if (unit.has_allow_list()) {
    launch::RunRequest run;
    policy.apply_to(run);
    text +=
        "# The unit lists the calls it allows. A systemd that does not know "
        "mseal warns.\n";
    text += fmt::format("SystemCallFilter=mseal{}\n",
                        wants_own_filters(run.options) ? " seccomp" : "");
  }
  return text;
}

/// Either the whole file is there or nothing is.
int write_whole(const std::string &file, const std::string &text) {
  std::error_code error;
  fs::create_directories(fs::path(file).parent_path(), error);
  std::string draft = file + ".new";
  int fd = error ? -1
                 : open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                        0644);
  int why = error ? error.value() : errno;
  bool written = fd >= 0 && write(fd, text.data(), text.size()) ==
                                static_cast<ssize_t>(text.size());
  if (fd >= 0) {
    written = written && fsync(fd) == 0;
    why = errno;
    close(fd);
  }
  if (written && rename(draft.c_str(), file.c_str()) == 0)
    return 0;
  if (written)
    why = errno;
  unlink(draft.c_str());
  return complain(exit_failed, fmt::format("'{}' cannot be written: {}", file,
                                           std::strerror(why)));
}

bool is_ours(const std::string &file) {
  std::ifstream in(file);
  std::string line;
  return std::getline(in, line) && line.starts_with(first_line);
}

/// Common to both verbs: parses, and completes the names. -1: go on.
int take_arguments(Options &options, Request &request, int argc, char **argv) {
  options.positionals("UNIT", request.names,
                      "services, as systemctl(1) has it");
  options.text("--root", request.root, "take this directory for /");
  options.flag("--dry-run", request.dry_run, "print, and change nothing");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;
  if (request.names.empty())
    return complain(exit_mistake, "which unit?");
  for (std::string &name : request.names) {
    auto whole = service_name(name);
    if (!whole)
      return complain(exit_mistake,
                      fmt::format("'{}' is not the name of a service", name));
    name = *whole;
  }
  while (request.root.ends_with('/'))
    request.root.pop_back();
  return -1;
}

int enable_one(const Request &request, const std::string &name) {
  Unit unit = read_unit(request.root, name, file_name);
  if (std::string why = objection(unit, request.root); !why.empty())
    return complain(exit_refused, why);
  std::string drop_in = drop_in_of(request, name);
  std::error_code error;
  if (fs::exists(drop_in, error) && !is_ours(drop_in))
    return complain(
        exit_refused,
        fmt::format("'{}' is there and not made by memseal", drop_in));
  Policy policy;
  std::string policy_file;
  std::vector<std::string> assignments;
  for (const std::string &command : unit.commands) {
    std::string program = program_of(command);
    if (!program.starts_with('/') || program.find('%') != std::string::npos)
      return complain(exit_refused,
                      fmt::format("'{}' starts '{}', which is no absolute "
                                  "path: it cannot be looked at",
                                  unit.file, program));
    bool first = assignments.empty();
    if (int code =
            first ? choose_policy(request, program, policy, policy_file) : 0)
      return code;
    std::vector<std::string> wanted;
    if (int code = assignments_for(request, unit, program, policy, wanted))
      return code;
    if (!first && wanted != assignments)
      return complain(exit_refused,
                      fmt::format("the commands of '{}' would need different "
                                  "environments",
                                  unit.file));
    assignments = std::move(wanted);
  }
  if (unit.has_allow_list())
    complain(0, fmt::format("'{}' lists the calls it allows: on a systemd that "
                            "does not know mseal it runs unsealed, see "
                            "docs/systemd.md",
                            unit.file));
  std::string text = text_of(request, unit, policy, policy_file, assignments);
  if (request.dry_run) {
    fmt::print("# {}\n{}", drop_in, text);
    return 0;
  }
  if (int code = write_whole(drop_in, text))
    return code;
  fmt::print("wrote {}\n", drop_in);
  if (request.root.empty())
    fmt::print("to be done: systemctl daemon-reload && systemctl restart {}\n",
               name);
  return 0;
}

int disable_one(const Request &request, const std::string &name) {
  std::string drop_in = drop_in_of(request, name);
  std::error_code error;
  if (!fs::exists(drop_in, error))
    return complain(exit_refused, fmt::format("'{}' is not enabled", name));
  if (!is_ours(drop_in))
    return complain(exit_refused,
                    fmt::format("'{}' is not made by memseal", drop_in));
  if (request.dry_run) {
    fmt::print("would remove {}\n", drop_in);
    return 0;
  }
  if (unlink(drop_in.c_str()) != 0)
    return complain(exit_failed, fmt::format("'{}' cannot be removed: {}",
                                             drop_in, std::strerror(errno)));
  rmdir(fs::path(drop_in).parent_path().c_str());  // stays if not empty
  fmt::print("removed {}\n", drop_in);
  if (request.root.empty())
    fmt::print("to be done: systemctl daemon-reload && systemctl restart {}\n",
               name);
  return 0;
}

constexpr const char *exit_codes =
    "Exit code: 0 done, 1 a unit was refused, 2 usage, 3 a file could not be "
    "changed.\nmemseal(1) and docs/systemd.md say more.";

}  // namespace

int enable(int argc, char **argv) {
  Request request;
  Options options("enable",
                  "Makes systemd services run sealed, by a drop-in that sets "
                  "their environment.",
                  exit_codes);
  options.text("--policy", request.policy,
               "this policy file, or none, rather than /etc/memseal/NAME.toml");
  if (int code = take_arguments(options, request, argc, argv); code >= 0)
    return code;
  int worst = 0;
  for (const std::string &name : request.names)
    worst = std::max(worst, enable_one(request, name));
  return worst;
}

int disable(int argc, char **argv) {
  Request request;
  Options options("disable", "Removes the drop-ins that `enable` wrote.",
                  exit_codes);
  if (int code = take_arguments(options, request, argc, argv); code >= 0)
    return code;
  int worst = 0;
  for (const std::string &name : request.names)
    worst = std::max(worst, disable_one(request, name));
  return worst;
}

}  // namespace memseal::cli
