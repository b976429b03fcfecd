// SPDX-License-Identifier: Apache-2.0
// memseal status: what is sealed in a process, and what is not.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/status_report.h"
#include "cli/verbs.h"
#include "process/descendants.h"
#include "process/proc_files.h"

namespace memseal::cli {
namespace {

// Exit codes, as memseal(1) documents them.
constexpr int exit_sealed = 0, exit_unsealed = 1, exit_mistake = 2,
              exit_unreadable = 3;

constexpr char epilogue[] =
    "Exit code: 0 everything sealable is sealed, 1 something is not, 2 usage,\n"
    "3 a process could not be looked at. memseal(1) says more.";

struct Request {
  std::vector<std::string> targets;
  bool all = false, tree = false, json = false, unsealed = false, map = false;
  std::string unit, colour = "auto";
};

/// The processes of a systemd unit: those in its control group or below it.
std::vector<int> processes_of_unit(const std::string &unit) {
  std::vector<int> members;
  for (int pid : process::process_ids()) {
    std::string groups = process::text_of(pid, "cgroup");
    groups += '/';
    std::replace(groups.begin(), groups.end(), '\n', '/');
    if (groups.find("/" + unit + "/") != std::string::npos)
      members.push_back(pid);
  }
  return members;
}

/// Which processes are meant. An exit code if that cannot be told.
int find_targets(const Request &request, std::vector<pid_t> &pids) {
  if (request.all)
    pids = process::process_ids();
  if (!request.unit.empty()) {
    std::vector<int> members = processes_of_unit(request.unit);
    if (members.empty()) {
      complain("unit '{}' has no process", request.unit);
      return exit_unreadable;
    }
    pids.insert(pids.end(), members.begin(), members.end());
  }
  for (const std::string &target : request.targets) {
    if (target == "self") {
      pids.push_back(getpid());
      continue;
    }
    int pid = 0;
    auto [end, error] =
        std::from_chars(target.data(), target.data() + target.size(), pid);
    if (error != std::errc() || end != target.data() + target.size() ||
        pid <= 0)
      return refuse(
          exit_mistake,
          fmt::format("'{}' is not a process ID: give a PID, self or --all",
                      target));
    pids.push_back(pid);
  }
  if (pids.empty() && !request.all)
    return refuse(exit_mistake, "name a process: a PID, self, --unit or --all");
  return 0;
}

/// Adds the descendants, each process once.
std::vector<process::Descendant> with_descendants(
    const std::vector<pid_t> &pids, bool tree) {
  std::vector<process::Descendant> all;
  std::set<pid_t> seen;
  for (pid_t pid : pids)
    for (process::Descendant found :
         tree ? process::living_descendants(pid)
              : std::vector<process::Descendant>{{pid, 0}})
      if (!tree || seen.insert(found.pid).second)
        all.push_back(found);
  return all;
}

void show(const std::vector<process::ProcessView> &spaces,
          const std::vector<int> &depths, const Request &request) {
  Rows rows = request.unsealed ? Rows::unsealed : Rows::all;
  Colour colour = colour_of(stdout, request.colour);
  std::string text;
  if (request.json)
    text = json_of(spaces, rows);
  else if ((request.all || request.tree) && !request.map && !request.unsealed)
    for (std::size_t i = 0; i < spaces.size(); ++i)
      text += line_of(spaces[i], depths[i], colour);
  else
    for (const process::ProcessView &space : spaces)
      text += (text.empty() ? "" : "\n") +
              (request.map ? picture_of(space, columns_of(stdout), colour)
                           : table_of(space, rows, colour));
  print(text);
}

int look_and_show(const std::vector<process::Descendant> &targets,
                  const Request &request) {
  std::vector<process::ProcessView> spaces;
  std::vector<int> depths;
  process::Keepers keepers;
  int unreadable = 0;
  bool unsealed = false;
  for (auto [pid, depth] : targets) {
    const bool is_one_of_many = request.all || depth > 0;
    auto space = process::look_at(pid, keepers);
    if (!space) {
      const process::Refusal &refusal = space.error();
      // Of everything that runs, some will end meanwhile, and the kernel's
      // threads have nothing to show.
      if (is_one_of_many && (refusal.cause == process::Cause::vanished ||
                             refusal.cause == process::Cause::no_memory))
        continue;
      ++unreadable;
      if (!request.all)
        complain(sentence(refusal));
      continue;
    }
    unsealed = unsealed || !space->totals().sealable.whole();
    spaces.push_back(std::move(*space));
    depths.push_back(depth);
  }
  if (!spaces.empty() || request.json)
    show(spaces, depths, request);
  if (request.all && unreadable > 0)
    complain("{} more processes could not be looked at", unreadable);
  return unreadable > 0 ? exit_unreadable
         : unsealed     ? exit_unsealed
                        : exit_sealed;
}

}  // namespace

int status(int argc, char **argv) {
  Request request;
  Options options("status", "Show what is sealed in a process.", epilogue);
  options.positionals("PID", request.targets,
                      "process IDs, or self: this very process");
  options.flag("--all", request.all, "every process, a line each");
  options.flag("--tree", request.tree,
               "the processes and all that descend from them, a line each");
  options.text("--unit", request.unit, "the processes of a systemd unit");
  options.flag("--unsealed", request.unsealed,
               "only what could be sealed and is not");
  options.flag("--map", request.map, "draw the address space");
  options.flag("--json", request.json, "print JSON");
  options.choice("--color", request.colour, {"auto", "always", "never"},
                 "colour (auto: on a terminal, unless NO_COLOR is set)");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;
  if (request.json && request.map)
    return refuse(exit_mistake, "--json and --map exclude each other");

  std::vector<pid_t> pids;
  if (int code = find_targets(request, pids); code != 0)
    return code;
  return look_and_show(with_descendants(pids, request.tree), request);
}

}  // namespace memseal::cli
