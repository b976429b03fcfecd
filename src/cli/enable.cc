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
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "policy/policy_file.h"
#include "process/proc_files.h"
#include "service/drop_in.h"
#include "service/root.h"
#include "service/unit_file.h"
#include "service/whole_system.h"

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
  bool system = false;  ///< all services
  bool all = false;     ///< disable: whatever is enabled
  bool list = false;    ///< enable: show it
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

/// The name of the file that a unit's name is a link to: an alias (sshd for
/// ssh) is another name of the same unit.
std::string without_alias(const Root &root, const std::string &name) {
  for (const char *folder :
       {"/etc/systemd/system", "/run/systemd/system",
        "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system"}) {
    std::string path = fmt::format("{}/{}", folder, name);
    if (!root.has(path))
      continue;
    std::string real = root.real(path);
    std::string target = real.substr(real.rfind('/') + 1);
    return service::service_name(target) == target ? target : name;
  }
  return name;
}

/// A unit whose work is done by the instances of a template of its name, as
/// postgresql's: it starts nothing but true.
bool stands_for_a_template(const Unit &unit, const Root &root) {
  for (const std::string &command : unit.commands) {
    std::string program = service::program_of(command);
    if (program.substr(program.rfind('/') + 1) != "true")
      return false;
  }
  std::string stem = unit.name.substr(0, unit.name.rfind('.'));
  return !unit.commands.empty() &&
         !service::read_unit(root, stem + "@.service", service::drop_in_name)
              .file.empty();
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
  if (stands_for_a_template(unit, root))
    return fmt::format("'{}' only stands for others: enable {}@", unit.file,
                       unit.name.substr(0, unit.name.rfind('.')));
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
  options.flag("--system", request.system, "all services of this machine");
  options.flag("--dry-run", request.dry_run, "print, and change nothing");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;
  int wishes =
      !request.names.empty() + request.system + request.all + request.list;
  if (wishes != 1)
    return refuse(exit_mistake,
                  wishes == 0 ? "name a unit"
                              : "units, --system, --all and --list exclude "
                                "each other");
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

/// Writes it, unless it is there already. 0, or the exit code.
int put(const Request &request, const Root &root, const std::string &file,
        const std::string &text) {
  if (request.dry_run) {
    print("# {}{}\n{}", request.root, file, text);
    return 0;
  }
  if (is_there(root, file) && root.text(file) == text) {
    print("unchanged {}{}\n", request.root, file);
    return 0;
  }
  if (auto written = service::write_whole(root, file, text); !written)
    return refuse(exit_failed, sentence(written.error()));
  print("wrote {}{}\n", request.root, file);
  return -1;
}

/// 0, or the exit code.
int take_away(const Request &request, const Root &root,
              const std::string &file) {
  if (request.dry_run) {
    print("would remove {}{}\n", request.root, file);
    return 0;
  }
  if (auto removed = service::remove_file(root, file); !removed)
    return refuse(exit_failed, sentence(removed.error()));
  print("removed {}{}\n", request.root, file);
  return 0;
}

int enable_one(const Request &request, const Root &root,
               const std::string &given) {
  std::string name = without_alias(root, given);
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
  int code = put(request, root, drop_in, text);
  if (code == -1 && request.root.empty())
    print("next: systemctl daemon-reload && systemctl restart {}\n", name);
  return std::max(code, 0);
}

int disable_one(const Request &request, const Root &root,
                const std::string &given) {
  std::string name = without_alias(root, given);
  std::string drop_in = drop_in_of(name);
  // Where all services are enabled, one of them is disabled by a file of its
  // own: it takes the place of the one of the same name for all.
  if (service::is_ours(root, service::system_drop_in()) &&
      (!is_there(root, drop_in) || service::is_ours(root, drop_in))) {
    int code = put(request, root, drop_in, service::way_back_text());
    return std::max(code, 0);
  }
  if (!is_there(root, drop_in)) {
    print("unchanged: '{}' is not enabled\n", name);
    return 0;
  }
  if (!service::is_ours(root, drop_in))
    return refuse(exit_refused, fmt::format("'{}{}' is not made by memseal",
                                            request.root, drop_in));
  int code = take_away(request, root, drop_in);
  if (code == 0 && request.root.empty() && !request.dry_run)
    print("next: systemctl daemon-reload && systemctl restart {}\n", name);
  return code;
}

/// Runs what every machine needs in the environment that all services would
/// get. Empty: all of it ran sealed; else what did not.
std::string rehearse(const std::string &text) {
  std::vector<std::string> words{"env", "-i"};
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("Environment="))
      words.push_back(service::words_of(line.substr(12)).front());
  }
  const std::vector<std::vector<std::string>> programs = {
      {"/bin/true"},
      {"/bin/sh", "-c", "exec /bin/true"},
      {"/bin/sh", "-c", "/bin/ls / | /bin/cat >/dev/null"}};
  for (const auto &program : programs) {
    std::vector<std::string> command = words;
    command.insert(command.end(), program.begin(), program.end());
    std::vector<char *> arguments;
    for (std::string &word : command)
      arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    int status = -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    // What ld.so has to say of a module it cannot load is a failure.
    int pipe_ends[2] = {-1, -1};
    bool piped = pipe2(pipe_ends, O_CLOEXEC) == 0;
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
    bool ran = piped && posix_spawn(&child, "/usr/bin/env", &actions, nullptr,
                                    arguments.data(), environ) == 0;
    close(pipe_ends[1]);
    auto said = ran ? process::read_all(pipe_ends[0])
                    : Result<std::string>(std::string());
    close(pipe_ends[0]);
    posix_spawn_file_actions_destroy(&actions);
    if (!ran || waitpid(child, &status, 0) != child || status != 0)
      return fmt::format("'{}' does not run in that environment",
                         program.front());
    if (said && !said->empty())
      return fmt::format("'{}' says in that environment: {}", program.front(),
                         said->substr(0, said->find('\n')));
  }
  return {};
}

int enable_system(const Request &request, const Root &root) {
  Policy policy;
  if (!request.policy.empty() && request.policy != "none") {
    policy = policy::read_policy(request.policy);
    for (const PolicyFault &fault : policy.faults)
      refuse(0, sentence(request.policy, fault));
    if (!policy.faults.empty())
      return exit_refused;
  }
  auto text = service::system_text(
      root, policy, request.policy == "none" ? "" : request.policy);
  if (!text)
    return refuse(exit_refused, sentence(text.error()));
  std::vector<std::pair<std::string, std::string>> files;
  for (const std::string &unit : service::ways_back())
    files.emplace_back(service::way_back_drop_in(unit),
                       service::way_back_text());
  files.emplace_back(service::system_drop_in(), *text);
  for (const auto &[file, unused] : files) {
    if (is_there(root, file) && !service::is_ours(root, file))
      return refuse(exit_refused,
                    fmt::format("'{}{}' is there and not made by memseal",
                                request.root, file));
  }
  // An image's programs cannot be run here; its own first start shows.
  if (request.root.empty()) {
    if (std::string why = rehearse(*text); !why.empty())
      return refuse(exit_refused, why + ": nothing was switched on");
  }
  // The ways back first: at no moment is everything sealed and none there.
  bool changed = false;
  for (const auto &[file, content] : files) {
    int code = put(request, root, file, content);
    if (code > 0)
      return code;
    changed = changed || code == -1;
  }
  if (changed && request.root.empty())
    print(
        "next: systemctl daemon-reload; each service is sealed from its next "
        "start on\n");
  return 0;
}

/// Removes these, and whatever else it can when one cannot be removed.
int disable_files(const Request &request, const Root &root,
                  const std::vector<std::string> &files) {
  int worst = 0;
  for (const std::string &file : files)
    worst = std::max(worst, take_away(request, root, file));
  if (files.empty())
    print("unchanged: nothing is enabled\n");
  else if (request.root.empty() && !request.dry_run)
    print(
        "next: systemctl daemon-reload; each service is unsealed from its "
        "next start on\n");
  return worst;
}

int disable_system(const Request &request, const Root &root) {
  std::vector<std::string> files;
  // The one for all first: the ways back stay until it is gone.
  if (service::is_ours(root, service::system_drop_in()))
    files.push_back(service::system_drop_in());
  for (const std::string &file : service::drop_ins(root)) {
    if (root.text(file) == service::way_back_text())
      files.push_back(file);
  }
  return disable_files(request, root, files);
}

int list_enabled(const Root &root) {
  std::vector<std::string> files = service::drop_ins(root);
  for (const std::string &file : files) {
    std::string unit = file.substr(0, file.rfind(".d/"));
    unit.erase(0, unit.rfind('/') + 1);
    if (root.text(file) == service::way_back_text())
      continue;
    print("{}\n", unit == "service" ? "--system" : unit);
  }
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
  options.flag("--list", request.list, "show what is enabled");
  if (int code = take_arguments(options, request, argc, argv); code >= 0)
    return code;
  service::Root root(request.root);
  if (request.list)
    return list_enabled(root);
  if (request.system)
    return enable_system(request, root);
  int worst = 0;
  for (const std::string &name : request.names)
    worst = std::max(worst, enable_one(request, root, name));
  return worst;
}

int disable(int argc, char **argv) {
  Request request;
  Options options("disable", "Removes the drop-ins that `enable` wrote.",
                  exit_codes);
  options.flag("--all", request.all, "everything that is enabled");
  if (int code = take_arguments(options, request, argc, argv); code >= 0)
    return code;
  service::Root root(request.root);
  if (request.system)
    return disable_system(request, root);
  if (request.all)
    return disable_files(request, root, service::drop_ins(root));
  int worst = 0;
  for (const std::string &name : request.names)
    worst = std::max(worst, disable_one(request, root, name));
  return worst;
}

}  // namespace memseal::cli
