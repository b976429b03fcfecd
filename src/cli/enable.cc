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

#include <sstream>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "policy/policy_file.h"
#include "service/drop_in.h"
#include "service/root.h"
#include "service/unit_file.h"

namespace memseal::cli {
namespace {

using policy::Policy;
using policy::PolicyFault;
using service::DropIn;
using service::Root;
using service::Unit;

// Exit codes, as memseal(1) documents them.
constexpr int exit_refused = 1, exit_mistake = 2, exit_failed = 3;

struct Request {
  std::vector<std::string> names;
  std::string policy, root;
  bool dry_run = false;
};

/// Tells on standard error and gives the code back.
std::string drop_in_of(const std::string &unit) {
  return "/etc/systemd/system/" + unit + ".d/" + service::drop_in_name;
}

bool is_there(const Root &root, const std::string &drop_in) {
  int fd = root.open(drop_in, O_PATH, service::LastLink::kept);
  if (fd >= 0)
    close(fd);
  return fd >= 0;
}

/// Why the environment of this unit is not ours to set; empty: it is.
std::string objection(const Unit &unit, const Root &root) {
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
    std::istringstream in(root.text(file));
    for (std::string line; std::getline(in, line);) {
      if (service::names_ours(line))
        return fmt::format(
            "'{}', an EnvironmentFile= of the unit, sets {} and would win",
            file, line.substr(0, line.find('=')));
    }
  }
  return {};
}

/// The policy that was named, or the program's in /etc: a service has no
/// configuration in anybody's home. The exit code if it is faulty.
int choose_policy(const Request &request, const Root &root,
                  const std::string &program, Policy &policy,
                  std::string &file) {
  file = request.policy;
  if (file == "none") {
    file.clear();
    return 0;
  }
  if (file.empty()) {
    file = "/etc/memseal/" + program.substr(program.rfind('/') + 1) + ".toml";
    if (!root.has(file)) {
      file.clear();
      return 0;
    }
    policy = policy::read_policy(root.real(file), policy::Origin::system);
  } else {
    policy = policy::read_policy(file);
  }
  for (const PolicyFault &fault : policy.faults)
    refuse(0, sentence(file, fault));
  return policy.faults.empty() ? 0 : exit_refused;
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
    return refuse(exit_mistake, "name a unit");
  for (std::string &name : request.names) {
    auto whole = service::service_name(name);
    if (!whole)
      return refuse(exit_mistake,
                    fmt::format("'{}' is not the name of a service", name));
    name = *whole;
  }
  while (request.root.ends_with('/'))
    request.root.pop_back();
  return -1;
}

int enable_one(const Request &request, const Root &root,
               const std::string &name) {
  Unit unit = service::read_unit(root, name, service::drop_in_name);
  if (std::string why = objection(unit, root); !why.empty())
    return refuse(exit_refused, why);
  std::string drop_in = drop_in_of(name);
  if (is_there(root, drop_in) && !service::is_ours(root, drop_in))
    return refuse(exit_refused,
                  fmt::format("'{}{}' is there and not made by memseal",
                              request.root, drop_in));
  Policy policy;
  std::string policy_file;
  std::vector<std::string> assignments;
  for (const std::string &command : unit.commands) {
    std::string program = service::program_of(command);
    if (!program.starts_with('/') || program.find('%') != std::string::npos)
      return refuse(exit_refused,
                    fmt::format("'{}' starts '{}', which is not an absolute "
                                "path: it cannot be looked at",
                                unit.file, program));
    bool first = assignments.empty();
    if (int code =
            first ? choose_policy(request, root, program, policy, policy_file)
                  : 0)
      return code;
    auto wanted = service::assignments_for(root, unit, program, policy);
    if (!wanted)
      return refuse(exit_refused, sentence(wanted.error()));
    if (!first && *wanted != assignments)
      return refuse(exit_refused,
                    fmt::format("the commands of '{}' would need different "
                                "environments",
                                unit.file));
    assignments = std::move(*wanted);
  }
  if (unit.has_allow_list())
    refuse(0, fmt::format("'{}' lists the calls it allows: on a systemd that "
                          "does not know mseal it runs unsealed, see "
                          "docs/systemd.md",
                          unit.file));
  if (!request.policy.empty() && policy_file.starts_with(request.root))
    policy_file.erase(0, request.root.size());
  std::string text = DropIn{unit, policy, policy_file, assignments}.text();
  if (request.dry_run) {
    print("# {}{}\n{}", request.root, drop_in, text);
    return 0;
  }
  if (auto written = service::write_whole(root, drop_in, text); !written)
    return refuse(exit_failed, sentence(written.error()));
  print("wrote {}{}\n", request.root, drop_in);
  if (request.root.empty())
    print("next: systemctl daemon-reload && systemctl restart {}\n", name);
  return 0;
}

int disable_one(const Request &request, const Root &root,
                const std::string &name) {
  std::string drop_in = drop_in_of(name);
  std::string shown = request.root + drop_in;
  if (!is_there(root, drop_in))
    return refuse(exit_refused, fmt::format("'{}' is not enabled", name));
  if (!service::is_ours(root, drop_in))
    return refuse(exit_refused,
                  fmt::format("'{}' is not made by memseal", shown));
  if (request.dry_run) {
    print("would remove {}\n", shown);
    return 0;
  }
  if (auto removed = service::remove_file(root, drop_in); !removed)
    return refuse(exit_failed, sentence(removed.error()));
  print("removed {}\n", shown);
  if (request.root.empty())
    print("next: systemctl daemon-reload && systemctl restart {}\n", name);
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
  service::Root root(request.root);
  int worst = 0;
  for (const std::string &name : request.names)
    worst = std::max(worst, enable_one(request, root, name));
  return worst;
}

int disable(int argc, char **argv) {
  Request request;
  Options options("disable", "Removes the drop-ins that `enable` wrote.",
                  exit_codes);
  if (int code = take_arguments(options, request, argc, argv); code >= 0)
    return code;
  service::Root root(request.root);
  int worst = 0;
  for (const std::string &name : request.names)
    worst = std::max(worst, disable_one(request, root, name));
  return worst;
}

}  // namespace memseal::cli
