// SPDX-License-Identifier: Apache-2.0
// memseal status: what is sealed in a process, and what is not.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "cli/machine.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/status_report.h"
#include "cli/survey.h"
#include "cli/verbs.h"
#include "cli/whole_file.h"
#include "process/descendants.h"
#include "process/proc_files.h"
#include "service/unit_name.h"

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
  bool all = false, tree = false, unsealed = false, map = false;
  bool summary = false;
  std::string unit, colour = "auto", format = "table", html, output;
  std::vector<std::string> violations;

  /// A row for each process, not a table of each one's segments.
  bool wants_survey() const {
    return summary || format == "csv" || format == "prometheus" ||
           !html.empty() || (all && format == "table" && !map && !unsealed);
  }
};

/// Which processes are meant. An exit code if that cannot be told.
int find_targets(const Request &request, std::vector<pid_t> &pids) {
  if (request.all) {
    pids = process::process_ids();
    std::erase(pids, getpid());  // it seals itself, and is gone when you read
  }
  if (!request.unit.empty()) {
    std::vector<int> members = service::processes_of_unit(request.unit);
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

/// The exit code if it cannot be written.
int put(const std::string &text, const std::string &file) {
  if (file.empty() || file == "-") {
    print(text);
    return 0;
  }
  auto written = write_whole_file(file, text);
  return written ? 0 : refuse(exit_unreadable, sentence(written.error()));
}

int show(const std::vector<process::ProcessView> &spaces,
         const std::vector<int> &depths, const std::vector<Unread> &unread,
         const Request &request) {
  Rows rows = request.unsealed ? Rows::unsealed : Rows::all;
  Colour colour = colour_of(stdout, request.colour);
  std::string text;
  if (request.format == "json")
    text = json_of(spaces, unread, rows);
  else if (request.tree && !request.map && !request.unsealed)
    for (std::size_t i = 0; i < spaces.size(); ++i)
      text += line_of(spaces[i], depths[i], colour);
  else
    for (const process::ProcessView &space : spaces)
      text += (text.empty() ? "" : "\n") +
              (request.map ? picture_of(space, columns_of(stdout), colour)
                           : table_of(space, rows, colour));
  if (request.format == "table" && !request.tree)
    text += paint("  " + Machine::here().line(), Tone::faint, colour) + '\n';
  return put(text, request.output);
}

int show(const Survey &survey, const Request &request) {
  Colour colour = colour_of(stdout, request.colour);
  if (!request.html.empty()) {
    auto written = write_whole_file(request.html, html_of(survey));
    if (!written)
      return refuse(exit_unreadable, sentence(written.error()));
  }
  if (request.format == "csv")
    return put(csv_of(survey), request.output);
  if (request.format == "prometheus")
    return put(prometheus_of(survey), request.output);
  return put(request.summary || !request.html.empty()
                 ? summary_of(survey, colour)
                 : table_of(survey, colour),
             request.output);
}

int survey_and_show(const std::vector<process::Descendant> &targets,
                    const Request &request) {
  Survey survey = survey_of(targets);
  survey.asked_for_violations = !request.violations.empty();
  for (const std::string &file : request.violations) {
    if (auto read = count_violations(file, survey.violations); !read)
      return refuse(exit_unreadable,
                    fmt::format("'{}' cannot be read: {}", file,
                                std::strerror(read.error().to_errno())));
  }
  if (int code = show(survey, request); code != 0)
    return code;
  if (!survey.unread.empty())
    complain("{} could not be looked at",
             counted(survey.unread.size(), "process", "processes"));
  return !survey.unread.empty()                 ? exit_unreadable
         : survey.whole() != survey.rows.size() ? exit_unsealed
                                                : exit_sealed;
}

int look_and_show(const std::vector<process::Descendant> &targets,
                  const Request &request) {
  std::vector<process::ProcessView> spaces;
  std::vector<int> depths;
  process::Keepers keepers;
  UserNames names;
  std::vector<Unread> unread;
  bool unsealed = false;
  for (auto [pid, depth] : targets) {
    const bool is_one_of_many = request.all || depth > 0;
    auto space = process::look_at(
        pid, keepers,
        request.all ? process::Effort::one_of_many : process::Effort::whole);
    if (!space) {
      const process::Refusal &refusal = space.error();
      // Of everything that runs, some will end meanwhile, and the kernel's
      // threads have nothing to show.
      if (is_one_of_many && (refusal.cause == process::Cause::vanished ||
                             refusal.cause == process::Cause::no_memory))
        continue;
      if (!request.all)
        complain(sentence(refusal));
      unread.push_back({owner_of(pid, names), refusal});
      continue;
    }
    unsealed = unsealed || !space->totals().sealable.whole();
    spaces.push_back(std::move(*space));
    depths.push_back(depth);
  }
  if (!spaces.empty() || request.format == "json")
    if (int code = show(spaces, depths, unread, request); code != 0)
      return code;
  if (request.all && !unread.empty())
    complain("{} could not be looked at",
             counted(unread.size(), "process", "processes"));
  return !unread.empty() ? exit_unreadable
         : unsealed      ? exit_unsealed
                         : exit_sealed;
}

/// Options that exclude each other; empty: none do.
std::string contradiction(const Request &request) {
  if (request.format != "table" && request.map)
    return fmt::format("--{} and --map exclude each other",
                       request.format == "json" ? "json" : "format");
  if (request.wants_survey() && (request.map || request.unsealed))
    return "--map and --unsealed are about segments: not with --summary, "
           "--html, csv or prometheus";
  if (!request.violations.empty() && !request.wants_survey())
    return "--violations goes with --all, --summary, --html, csv or prometheus";
  return {};
}

}  // namespace

int status(int argc, char **argv) {
  Request request;
  Options options("status", "Show what is sealed in a process.", epilogue);
  options.positionals("PID", request.targets,
                      "process IDs, or self: this very process");
  bool json = false;
  options.flag("--all", request.all, "every process, a line each");
  options.flag("--tree", request.tree,
               "the processes and all that descend from them, a line each");
  options.text("--unit", request.unit, "the processes of a systemd unit");
  options.flag("--unsealed", request.unsealed,
               "only what could be sealed and is not");
  options.flag("--map", request.map, "draw the address space");
  options.flag("--summary", request.summary,
               "only how many are sealed, and what could not be read");
  options.choice(
      "--format", request.format, {"table", "json", "csv", "prometheus"},
      "how to print: csv and prometheus have a line a process or unit");
  options.flag("--json", json, "short for --format=json");
  options.text("--html", request.html, "also write a page about the processes");
  options.texts("--violations", request.violations,
                "count those in this report, a file of --report=FILE.json");
  options.text("-o,--output", request.output,
               "write to this file, replaced in one step");
  options.choice("--color", request.colour, {"auto", "always", "never"},
                 "colour (auto: on a terminal, unless NO_COLOR is set)");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;
  if (json)
    request.format = "json";
  if (std::string why = contradiction(request); !why.empty())
    return refuse(exit_mistake, why);

  std::vector<pid_t> pids;
  if (int code = find_targets(request, pids); code != 0)
    return code;
  auto targets = with_descendants(pids, request.tree);
  return request.wants_survey() ? survey_and_show(targets, request)
                                : look_and_show(targets, request);
}

}  // namespace memseal::cli
