// SPDX-License-Identifier: Apache-2.0
// memseal check: a plugin for Nagios, Icinga and their kind.
//
// One line, "MEMSEAL STATE - words | figures", and the state as exit code.
// Source: Monitoring Plugins Development Guidelines, 2 ("Plugin output for
// Nagios") and 2.6 ("Performance data").
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/survey.h"
#include "cli/verbs.h"
#include "process/descendants.h"
#include "process/proc_files.h"
#include "report/document_tool.h"
#include "service/unit_name.h"

namespace memseal::cli {
namespace {

constexpr int state_ok = 0, state_warning = 1, state_critical = 2,
              state_unknown = 3;

constexpr char epilogue[] =
    "Exit code: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (usage too), as "
    "monitoring\nplugins have it. memseal(1) says more.";

struct Request {
  std::vector<std::string> pids, units, names;
  std::string warning = "100", critical = "90";
};

/// "unknown" is told on standard output, where the monitor reads.
int unknown(std::string_view why) {
  print("MEMSEAL UNKNOWN - {}\n", report::printable(why));
  return state_unknown;
}

/// A share in per cent; nothing if the text is none. "90:" is the same as "90":
/// the range that is no alert, as plugins write it.
std::optional<double> threshold(std::string_view text) {
  if (text.ends_with(':'))
    text.remove_suffix(1);
  double value = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value >= 0 && value <= 100 ? std::optional(value)
                                             : std::nullopt;
}

/// The processes that are meant; a sentence about what is not there.
std::string find(const Request &request,
                 std::vector<process::Descendant> &all) {
  for (const std::string &text : request.pids) {
    int pid = 0;
    auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), pid);
    if (error != std::errc() || end != text.data() + text.size() || pid <= 0)
      return fmt::format("'{}' is not a process ID", text);
    if (process::text_of(pid, "status").empty())
      return fmt::format("there is no process {}", pid);
    all.push_back({pid, 0});
  }
  for (const std::string &unit : request.units) {
    std::vector<int> members = service::processes_of_unit(unit);
    if (members.empty())
      return fmt::format("unit '{}' has no process", unit);
    for (int pid : members)
      all.push_back({pid, 0});
  }
  for (const std::string &name : request.names) {
    std::size_t before = all.size();
    for (int pid : process::process_ids()) {
      std::string comm = process::text_of(pid, "comm");
      if (comm == name.substr(0, 15) + '\n')
        all.push_back({pid, 0});
    }
    if (all.size() == before)
      return fmt::format("no process is named '{}'", name);
  }
  return {};
}

double per_cent(const Surveyed &row) {
  const process::Share &share = row.totals.sealable;
  return share.bytes == 0 ? 100.0
                          : 100.0 * static_cast<double>(share.sealed) /
                                static_cast<double>(share.bytes);
}

int judge(const Survey &survey, double warning, double critical) {
  if (survey.rows.empty())
    return unknown(survey.unread.empty() ? "the processes have ended"
                                         : survey.unread.front().why.text);
  auto worst = std::ranges::min_element(survey.rows, {}, per_cent);
  double lowest = per_cent(*worst);
  int state = lowest < critical  ? state_critical
              : lowest < warning ? state_warning
                                 : state_ok;
  // What was not seen is not known to be well; what is bad stays bad.
  if (state == state_ok && !survey.unread.empty())
    return unknown(
        fmt::format("{} could not be looked at: {}",
                    counted(survey.unread.size(), "process", "processes"),
                    survey.unread.front().why.text));
  const char *words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  // Rounded down, as everywhere: 100 means all of it.
  double shown = std::min(lowest, worst->whole() ? 100.0 : 99.9);
  std::string text =
      fmt::format("MEMSEAL {} - {}, ", words[state],
                  counted(survey.rows.size(), "process", "processes"));
  text +=
      state == state_ok
          ? fmt::format("each sealed by {:.1f} % or more", shown)
          : fmt::format("{} wholly sealed; {} ({}) by {:.1f} %", survey.whole(),
                        report::printable(worst->owner.name), worst->owner.pid,
                        shown);
  // A bar would begin the figures.
  std::ranges::replace(text, '|', '/');
  text += fmt::format(
      " | sealed={:.1f}%;{}:;{}:;0;100 processes={};;;0 "
      "unread={};;;0\n",
      shown, warning, critical, survey.rows.size(), survey.unread.size());
  print(text);
  return state;
}

}  // namespace

int check(int argc, char **argv) {
  Request request;
  Options options("check",
                  "Tell a monitor whether processes are sealed: a plugin for "
                  "Nagios, Icinga and their kind.",
                  epilogue);
  options.positionals("PID", request.pids, "process IDs");
  options.texts("--unit", request.units, "the processes of a systemd unit");
  options.texts("--name", request.names, "the processes of this name");
  options.text("-w,--warning", request.warning,
               "warn if a process is sealed by less, in per cent (100)");
  options.text("-c,--critical", request.critical,
               "critical if a process is sealed by less (90)");
  if (auto code = options.parse(argc, argv, state_unknown))
    return *code;
  auto warning = threshold(request.warning),
       critical = threshold(request.critical);
  if (!warning || !critical)
    return unknown("--warning and --critical are shares from 0 to 100");
  std::vector<process::Descendant> targets;
  if (std::string why = find(request, targets); !why.empty())
    return unknown(why);
  if (targets.empty())
    return unknown("name processes: PID, --unit or --name");
  return judge(survey_of(targets), *warning, *critical);
}

}  // namespace memseal::cli
