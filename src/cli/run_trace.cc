// SPDX-License-Identifier: Apache-2.0
// memseal run, for programs that no loader module can seal.
#include "cli/run_trace.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <climits>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/hits.h"
#include "cli/json_text.h"
#include "cli/verb.h"
#include "options/glob.h"
#include "tracer/launch.h"

namespace memseal::cli {
namespace {

using tracer::Launched;

const char *engine_name(const Launched &launched) {
  if (!launched.filter)
    return "native";
  return launched.native ? "strict" : "filter";
}

// The form is that of the loader module's report (loader/report.h): both may
// write into one file.
std::string text_lines(const Launched &launched) {
  std::string lines;
  for (const tracer::PlannedRange &range : launched.sealed)
    lines += fmt::format("{} {} {:x}-{:x} {} sealed {}\n", launched.pid,
                         range.object, range.range.begin(), range.range.end(),
                         range.part, engine_name(launched));
  for (const tracer::LeftOut &left : launched.left_out)
    lines += fmt::format("{} {} not sealed: {}: {}\n", launched.pid,
                         left.object, left.part, left.reason);
  if (!launched.failure.empty())
    lines += fmt::format("{} {} not sealed: {}\n", launched.pid,
                         launched.program, launched.failure);
  return lines;
}

std::string json_lines(const Launched &launched) {
  using nlohmann::ordered_json;
  std::string lines;
  auto add = [&](const ordered_json &line) { lines += json_text(line) + "\n"; };
  for (const tracer::PlannedRange &range : launched.sealed)
    add({{"pid", launched.pid},
         {"object", range.object},
         {"begin", fmt::format("{:x}", range.range.begin())},
         {"end", fmt::format("{:x}", range.range.end())},
         {"kind", range.part},
         {"sealed", true},
         {"engine", engine_name(launched)}});
  for (const tracer::LeftOut &left : launched.left_out)
    add({{"pid", launched.pid},
         {"object", left.object},
         {"kind", left.part},
         {"sealed", false},
         {"reason", "left_out"},
         {"sentence", left.reason}});
  if (!launched.failure.empty())
    add({{"pid", launched.pid},
         {"object", launched.program},
         {"sealed", false},
         {"reason", "failure"},
         {"sentence", launched.failure}});
  return lines;
}

void write_report(const std::string &file, const Launched &launched) {
  std::string lines =
      file.ends_with(".json") ? json_lines(launched) : text_lines(launched);
  int fd = file == "-" ? STDERR_FILENO
                       : open(file.c_str(),
                              O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  // A report that cannot be written is dropped, as the loader module's is.
  if (fd >= 0) [[maybe_unused]]
    ssize_t n = write(fd, lines.data(), lines.size());
  if (fd > STDERR_FILENO)
    close(fd);
}

tracer::Guard guard_for(EngineChoice engine) {
  switch (engine) {
    case EngineChoice::filter:
    case EngineChoice::exact:
      return tracer::Guard::filter;
    case EngineChoice::strict:
      return tracer::Guard::strict;
    case EngineChoice::automatic:
    case EngineChoice::native:
      break;
  }
  return tracer::Guard::native;
}

tracer::Guard guard_for(const launch::RunRequest &request) {
  switch (request.options.violation) {
    case Violation::report:
      return tracer::Guard::reporting;
    case Violation::kill:
      return tracer::Guard::killing;
    case Violation::trap:
      return tracer::Guard::trapping;
    case Violation::deny:
      break;
  }
  return guard_for(request.options.engine);
}

int complain(std::string_view sentence) {
  fmt::print(stderr, "memseal: {}\n", sentence);
  return exit_usage;
}

}  // namespace

std::string absolute(std::string_view file) {
  if (file.empty() || file == "-" || file.front() == '/')
    return std::string(file);
  char here[PATH_MAX];
  return getcwd(here, sizeof here) == nullptr
             ? std::string(file)
             : fmt::format("{}/{}", here, file);
}

std::optional<int> prepare_trace(const launch::RunRequest &request) {
  const RunOptions &wanted = request.options;
  bool required = wanted.requirement == Requirement::required;
  std::string file = absolute(wanted.report);
  tracer::LaunchOptions options{
      .wanted = {.object =
                     [=](std::string_view object) {
                       return memseal::selects(wanted, object);
                     },
                 .segments = wanted.segments,
                 .types = wanted.types},
      .children = request.how == launch::How::trace_children
                      ? tracer::Children::followed
                      : tracer::Children::left_alone,
      .on_failure = required ? tracer::OnFailure::exits_125
                             : tracer::OnFailure::runs_unsealed,
      .guard = guard_for(request),
      .report = {},
      .supervise = {}};
  options.supervise = [=](const Launched &launched, int listener) {
    report_hits(launched, listener, file.empty() ? "-" : file);
  };
  options.report = [=](const Launched &launched) {
    if (!launched.failure.empty())
      complain(fmt::format("'{}' is not sealed wholly: {}", launched.program,
                           launched.failure));
    if (!file.empty())
      write_report(file, launched);
  };
  std::fflush(nullptr);
  auto ready = tracer::seal_next_exec(options);
  if (ready)
    return std::nullopt;
  if (required)
    return complain(fmt::format("'{}' cannot be sealed: {}", request.program[0],
                                ready.error().sentence));
  complain(fmt::format("'{}' runs unsealed: {}", request.program[0],
                       ready.error().sentence));
  return std::nullopt;
}

}  // namespace memseal::cli
