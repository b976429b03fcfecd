// SPDX-License-Identifier: Apache-2.0
#include "cli/run.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "cli/output.h"
#include "cli/run_trace.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/watching_keeper.h"
#include "keeper/ensure.h"
#include "launch/begin_report.h"
#include "launch/plan.h"
#include "policy/policy_file.h"
#include "report/violation_report_tool.h"
#include "sys/seccomp_state.h"

namespace memseal::cli {
namespace {

using policy::Policy;
using policy::PolicyFault;

using launch::Obstacle;

class Help : public CLI::Formatter {
public:
  std::string make_usage(const CLI::App *, std::string) const override {
    return "usage: memseal run [OPTION...] [--] PROG [ARG...]\n";
  }
};

/// What stands behind "=" and should not, or does not and should: CLI11 thinks
/// otherwise. Empty: nothing of the kind.
std::string mistaken_value(char **words) {
  for (; *words != nullptr && **words == '-'; ++words) {
    const std::string_view word = *words;
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto known = launch::run_options();
    auto option = std::ranges::find(known, name, &launch::RunOption::name);
    if (option == known.end())
      return {};
    const bool joined = equals != std::string_view::npos;
    if (joined && option->value == launch::Value::none)
      return fmt::format("{} takes no value", name);
    if (joined && equals + 1 == word.size())
      return fmt::format("{} has nothing behind the '='", name);
    if (!joined && option->value == launch::Value::needed &&
        words[1] != nullptr)
      ++words;
  }
  return {};
}

/// Help and error messages, made from the launcher's own table. What CLI11
/// would accept is never used: parse_run_arguments has refused it already.
int explain_arguments(int argc, char **argv) {
  if (std::string mistake = mistaken_value(argv + 1); !mistake.empty()) {
    complain("run: {}", mistake);
    return exit_usage;
  }
  CLI::App app("Run a program with its memory mappings sealed.", "memseal run");
  app.formatter(std::make_shared<Help>());
  app.prefix_command();
  app.footer(
      "Exit status: that of PROG; 125 if memseal itself failed, 126 if PROG "
      "cannot be\nexecuted, 127 if it is not found.");
  launch::RunRequest ignored;
  for (const launch::RunOption &option : launch::run_options()) {
    const std::string name(option.name), help(option.help);
    if (option.value == launch::Value::none) {
      app.add_flag(name, help);
      continue;
    }
    auto check = [&ignored, &option](const std::string &value) {
      if (value.empty() || !option.apply(ignored, value))
        return fmt::format("'{}' is not one of {}", value, option.label);
      return std::string();
    };
    auto *added = app.add_option_function<std::string>(
                         name, [](const auto &) {}, help)
                      ->check(CLI::Validator(check, ""))
                      ->type_name(option.value == launch::Value::optional
                                      ? fmt::format("[={}]", option.label)
                                      : std::string(option.label));
    if (option.value == launch::Value::optional)
      added->expected(0, 1);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp &) {
    print(fitted(app.help()));
    return 0;
  } catch (const CLI::Error &error) {
    complain("run: {}", error.what());
    return exit_usage;
  }
  for (const std::string &word : app.remaining()) {
    if (word.starts_with("-") && word != "--") {
      complain("run: there is no option {}", word);
      return exit_usage;
    }
    break;
  }
  complain(
      "run: the program to run is missing: memseal run [OPTION...] -- PROG "
      "[ARG...]");
  return exit_usage;
}

void explain(const launch::Hindrance &hindrance, const char *consequence) {
  complain("'{}' {}{}{}{}", hindrance.path, sentence(hindrance),
           *hindrance.detail != '\0' ? ": " : "", hindrance.detail,
           consequence);
}

/// Ends without having run the program. Who is told 125 cannot know that.
int refuse(const launch::Hindrance &hindrance) {
  const int code = launch::exit_code(hindrance.obstacle);
  explain(hindrance, code == exit_usage ? "; nothing was run" : "");
  return code;
}

/// Without its keeper a program is sealed by mseal(2), where the kernel has it
/// and lets the program call it; else it runs unsealed. With --require it does
/// not run: false.
bool start_keeper(const launch::Plan &plan, RunOptions &options) {
  auto ready = keeper::ensure_keeper(plan.keeper, plan.rules);
  if (ready)
    return true;
  const char *why = keeper::why_no_keeper(ready.error());
  if (options.requirement == Requirement::required ||
      sys::try_mseal_in_child() != sys::MsealTrial::works) {
    explain({Obstacle::no_keeper, plan.path, why}, "");
  } else {
    complain("'{}' is sealed by mseal(2) alone, without a keeper: {}",
             plan.path, why);
    options.engine = Engine::native;
  }
  options.launched = 0;  // it has been said
  return false;
}

void tell_unwritten(const std::string &file, const Error &error,
                    Requirement requirement) {
  complain("{} cannot be written: {}{}",
           file == "-" ? "a report to standard error"
                       : fmt::format("the report '{}'", file),
           report::why_unwritten(error),
           requirement == Requirement::required
               ? ", but --require asks for it"
               : "; the program runs without one");
}

/// Whether to go on, without a report if none can be written.
bool begin_report(RunOptions &options) {
  static launch::PathText room;
  const std::string file = report_file(options);
  auto begun = launch::begin_report(options, room);
  if (begun)
    return true;
  tell_unwritten(file, begun.error(), options.requirement);
  options.report = {};
  if (options.on_violation == OnViolation::report)
    options.on_violation = OnViolation::deny;
  return options.requirement == Requirement::best_effort;
}

/// The keeper that --on-violation=report needs. Without it violations are
/// denied and nobody hears of them.
bool start_watch(const launch::RunRequest &request, const launch::Plan &plan) {
  const std::string file = report_file(request.options);
  static auto report =
      report::ViolationReport::open(file, report::form_of(file));
  if (!report) {
    tell_unwritten(file, report.error(), Requirement::best_effort);
    return false;
  }
  const report::Subject subject{
      .time = {}, .pid = getpid(), .program = plan.path};
  auto started = start_watching_keeper(
      {.tell = [](const auto &violation) { report->tell(violation); },
       .conclude =
           [=](const auto &counts) { report->conclude(subject, counts); },
       .descriptors = {report->descriptor()},
       .rules = plan.rules});
  if (started)
    return true;
  complain("violations of '{}' cannot be reported: {}", request.program[0],
           keeper::why_no_keeper(started.error()));
  return false;
}

int execute(const launch::Plan &plan) {
  if (plan.remark != nullptr)
    complain(plan.remark);
  execve(plan.path, plan.arguments, plan.environment);
  // The file is there, so it is its loader that is not: a loader's absence is
  // told as if it were the program's.
  if (errno == ENOENT)
    return refuse({Obstacle::interpreter_missing, plan.path});
  complain("'{}' cannot be executed: {}", plan.path, std::strerror(errno));
  return launch::exit_code(Obstacle::not_executable);
}

/// Takes the policy into the request, under the options. The exit code if it
/// cannot be taken: a policy that is not understood is never passed over.
std::optional<int> enter_policy(launch::RunRequest &request, char **arguments,
                                Policy &policy) {
  std::string file(request.policy);
  if (file == "none")
    return std::nullopt;
  if (file.empty()) {
    auto found = policy::policy_of(environ, request.program[0]);
    if (!found.passed_over.empty())
      complain(found.passed_over);
    if (found.file.empty())
      return std::nullopt;
    file = found.file;
    policy = std::move(found.policy);
  } else {
    policy = policy::read_policy(file);
  }
  for (const PolicyFault &fault : policy.faults)
    complain(sentence(file, fault));
  if (!policy.faults.empty())
    return exit_usage;
  launch::RunRequest settings;
  policy.apply_to(settings);
  request = *launch::parse_run_arguments(arguments, settings);
  return std::nullopt;
}

}  // namespace

int run(int argc, char **argv) {
  auto request = launch::parse_run_arguments(argv + 1);
  if (!request)
    return explain_arguments(argc, argv);
  static Policy policy;
  if (auto code = enter_policy(*request, argv + 1, policy))
    return *code;
  if (!begin_report(request->options))
    return exit_usage;
  launch::become_launched(request->options);
  constinit static launch::Preparation preparation;
  auto plan = preparation.prepare(*request, environ);
  if (!plan)
    return refuse(plan.error());
  if (plan->method == launch::Method::trace) {
    if (auto code = prepare_trace(*request, plan->path))
      return *code;
  }
  if (plan->watched && !start_watch(*request, *plan)) {
    if (request->options.requirement == Requirement::required)
      return exit_usage;
    request->options.on_violation = OnViolation::deny;
    plan = preparation.prepare(*request, environ);
    if (!plan)
      return refuse(plan.error());
  }
  if (!plan->watched && plan->keeper != nullptr &&
      !start_keeper(*plan, request->options)) {
    if (request->options.requirement == Requirement::required)
      return launch::exit_code(Obstacle::no_keeper);
    plan = preparation.prepare(*request, environ);
    if (!plan)
      return refuse(plan.error());
  }
  return execute(*plan);
}

}  // namespace memseal::cli
