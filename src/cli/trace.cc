// SPDX-License-Identifier: Apache-2.0
// memseal trace -- PROG: runs a program unsealed, under a filter that asks
// before every call a seal would forbid, permits them all, and sums up.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "cli/violation_summary.h"
#include "cli/watching_filter.h"
#include "cli/watching_keeper.h"
#include "cli/whole_file.h"
#include "keeper/ensure.h"
#include "launch/plan.h"
#include "options/glob.h"
#include "report/document_tool.h"
#include "report/violation_report_tool.h"
#include "tracer/launch.h"

namespace memseal::cli {
namespace {

struct Request {
  bool json = false, verbose = false;
  std::string only, except, output;
  std::vector<std::string> command;
};

/// Counts violations in the supervisor's process, tells of each if that is
/// wanted, and sends the summary to the waiting parent through `line`.
class Recorder {
public:
  /// Needs:   the process that becomes the program; a plan that outlives it.
  Recorder(const Request &request, const launch::Plan &plan, int line)
      : request_(request),
        subject_{.time = {}, .pid = getpid(), .program = plan.path},
        line_(line) {
    if (!request.verbose)
      return;
    auto form = request.json ? report::Form::json : report::Form::text;
    if (auto opened = report::ViolationReport::open("-", form))
      each_ = std::move(*opened);
  }

  void take(const report::Violation &violation) {
    summary_.add(violation);
    if (each_)
      each_->tell(violation);
  }
  void conclude(const report::ViolationCounts &counts) const {
    const std::string &program = request_.command[0];
    send(line_, request_.json ? summary_.json(counts, subject_, program)
                              : summary_.text(counts, program));
  }
  std::vector<int> descriptors() const {
    return each_ ? std::vector{line_, each_->descriptor()} : std::vector{line_};
  }

private:
  static void send(int fd, std::string_view text) {
    while (!text.empty()) {
      ssize_t n = write(fd, text.data(), text.size());
      if (n <= 0)
        return;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  const Request &request_;
  report::Subject subject_;
  int line_;
  std::optional<report::ViolationReport> each_;
  ViolationSummary summary_;
};

[[noreturn]] void give_up(const launch::Plan &plan, std::string_view why) {
  complain("'{}' cannot be watched: {}", plan.path, why);
  _exit(exit_usage);
}

/// The loader module marks what sealing would seal, whenever it comes, and the
/// keeper lets everything go on.
void watch_by_keeper(const launch::Plan &plan, Recorder &recorder) {
  auto started = start_watching_keeper(
      {.on_violation = OnViolation::permit,
       .tell = [&](const auto &violation) { recorder.take(violation); },
       .conclude = [&](const auto &counts) { recorder.conclude(counts); },
       .descriptors = recorder.descriptors()});
  if (!started && (started.error().sys_errno == EEXIST ||
                   started.error().sys_errno == EALREADY))
    give_up(plan, keeper::why_no_keeper(started.error()));
  if (!started)
    give_up(plan,
            "no supervisor can be started here (seccomp notifications: Linux "
            "5.7, and nobody else who uses them)");
}

/// The ranges that the program begins with.
void watch_by_tracer(const launch::Plan &plan, const Request &request,
                     Recorder &recorder) {
  RunOptions patterns;
  patterns.only = request.only;
  patterns.except = request.except;
  tracer::LaunchOptions options{
      .wanted = {.object =
                     [=](std::string_view object) {
                       return memseal::selects(patterns, object);
                     }},
      .children = tracer::Children::left_alone,
      .on_failure = tracer::OnFailure::exits_125,
      .engine = Engine::filter,
      .on_violation = OnViolation::permit,
      .report =
          [](const tracer::Launched &launched) {
            if (!launched.failure.empty())
              complain("'{}' cannot be watched: {}", launched.program,
                       launched.failure);
            return true;
          },
      .supervise =
          [&](const tracer::Launched &launched, int listener) {
            recorder.conclude(watch_filter(
                launched, listener, OnViolation::permit,
                [&](const auto &violation) { recorder.take(violation); }));
          }};
  if (auto ready = tracer::seal_next_exec(options); !ready)
    give_up(plan, sentence(ready.error()));
}

[[noreturn]] void become_program(const launch::Plan &plan,
                                 const Request &request, int line) {
  Recorder recorder(request, plan, line);
  if (plan.watched)
    watch_by_keeper(plan, recorder);
  else
    watch_by_tracer(plan, request, recorder);
  // From outside nothing is marked for children.
  execve(plan.path, plan.arguments, plan.watched ? plan.environment : environ);
  complain("'{}' cannot be executed: {}", plan.path, std::strerror(errno));
  _exit(126);
}

/// Ends as the program did.
int pass_on(int status) {
  if (!WIFSIGNALED(status))
    return WEXITSTATUS(status);
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

pid_t program_pid = 0;

/// The terminal sends its signals to the whole job, the program included: only
/// what somebody sent to memseal alone is handed on.
void hand_on(int signal, siginfo_t *about, void *) {
  if (about->si_code <= 0)  // by kill(2) and its kind
    kill(program_pid, signal);
}

void hand_signals_on(pid_t program) {
  program_pid = program;
  struct sigaction action {};
  action.sa_sigaction = hand_on;
  action.sa_flags = SA_SIGINFO;
  for (int number : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2,
                     SIGWINCH, SIGALRM, SIGCONT})
    sigaction(number, &action, nullptr);
}

/// Writes the policy that the summary suggests, and takes it out of the text.
void put_policy(std::string &summary, const Request &request) {
  constexpr std::string_view mark = "memseal: suggested policy:\n";
  std::string policy;
  if (request.json) {
    auto document = nlohmann::json::parse(summary, nullptr, false);
    if (document.is_object())
      policy = document["suggested"]["policy"].get<std::string>();
  } else if (std::size_t at = summary.rfind(mark); at != std::string::npos) {
    policy = summary.substr(at + mark.size());
    summary.resize(at);
  }
  if (policy.empty())
    return;
  if (auto written = write_whole_file(request.output, policy); !written)
    complain(sentence(written.error()));
  else if (!request.json)
    summary += fmt::format("memseal: suggested policy: {}\n",
                           report::printable(request.output));
}

int wait_and_tell(pid_t program, int line, const Request &request) {
  hand_signals_on(program);
  int status = 0;
  while (waitpid(program, &status, 0) < 0 && errno == EINTR) {
  }
  std::string summary;
  char bytes[4096];
  for (ssize_t n; (n = read(line, bytes, sizeof bytes)) != 0;) {
    if (n < 0 && errno != EINTR)
      break;
    if (n > 0)
      summary.append(bytes, static_cast<std::size_t>(n));
  }
  if (!request.output.empty())
    put_policy(summary, request);
  request.json ? print(summary) : print_error(summary);
  return pass_on(status);
}

}  // namespace

int trace(int argc, char **argv) {
  Request request;
  Options options(
      "trace",
      "Runs a program unsealed and says what sealing would have broken: every "
      "call that a seal would forbid is permitted, counted and traced back to "
      "its caller.",
      "The summary ends with a suggested command and policy file. Of a program "
      "without a loader\nwhat its children execute is not watched.\nExit "
      "status: that of PROG; 125 if memseal itself "
      "failed, 126 if PROG cannot be\nexecuted, 127 if it is not found.");
  options.flag("--json", request.json, "write the summary as JSON, to stdout");
  options.flag("--verbose", request.verbose, "tell every call as it comes");
  options.text("--only", request.only, "watch only objects with these names");
  options.text("--except", request.except, "watch all objects but these");
  options.text("-o,--output", request.output,
               "write the suggested policy to this file, in one step");
  options.command("PROG", request.command, "the program and its arguments");
  if (auto code = options.parse(argc, argv, exit_usage))
    return *code;
  if (request.command.empty()) {
    complain("trace: the program to run is missing");
    return exit_usage;
  }
  std::vector<char *> words;
  for (std::string &word : request.command)
    words.push_back(word.data());
  words.push_back(nullptr);
  launch::RunRequest run;
  // Marked for a keeper that refuses nothing: nothing is sealed.
  run.options.engine = Engine::keeper;
  run.options.on_violation = OnViolation::permit;
  run.options.only = request.only;
  run.options.except = request.except;
  run.program = words.data();
  static launch::Preparation preparation;
  auto plan = preparation.prepare(run, environ);
  if (!plan) {
    const int code = launch::exit_code(plan.error().obstacle);
    complain("'{}' {}{}", plan.error().path, sentence(plan.error()),
             code == exit_usage ? "; nothing was run" : "");
    return code;
  }
  int line[2];
  if (pipe2(line, O_CLOEXEC) != 0)
    return exit_usage;
  pid_t program = fork();
  if (program == 0)
    become_program(*plan, request, line[1]);
  close(line[1]);
  return wait_and_tell(program, line[0], request);
}

}  // namespace memseal::cli
