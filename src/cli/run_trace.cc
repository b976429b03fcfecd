// SPDX-License-Identifier: Apache-2.0
// memseal run, for programs that no loader module can seal.
#include "cli/run_trace.h"

#include <elf.h>

#include <fstream>
#include <memory>
#include <string>

#include "cli/output.h"
#include "cli/verb.h"
#include "cli/watching_filter.h"
#include "options/glob.h"
#include "report/report_file.h"
#include "report/seal_line.h"
#include "report/violation_report_tool.h"
#include "sys/seccomp_state.h"
#include "tracer/launch.h"

namespace memseal::cli {
namespace {

using tracer::Launched;

/// One line for each range and each thing left out.
std::string lines_of(const Launched &launched, report::Form form) {
  std::string room(report::longest_seal_line, '\0'), lines;
  auto add = [&](report::SealLine line) {
    line.subject = {.time = report::Timestamp::now(),
                    .pid = launched.pid,
                    .program = launched.program};
    TextWriter out(room);
    write(out, form, line);
    lines += out.view();
  };
  for (const tracer::PlannedRange &range : launched.sealed)
    add({.subject = {},
         .object = range.object,
         .segment = range.segment,
         .range = range.range,
         .engine = name(launched.engine)});
  for (const tracer::LeftOut &left : launched.left_out)
    add({.subject = {},
         .object = left.object,
         .segment = left.segment,
         .outcome = left.outcome});
  if (!launched.failure.empty())
    add({.subject = {},
         .object = launched.program,
         .outcome = {.reason = report::Reason::tracer_failed},
         .sentence = launched.failure});
  return lines;
}

Result<void> write_report(const std::string &file, const Launched &launched,
                          Requirement requirement) {
  auto opened = MEMSEAL_TRY(report::ReportFile::open(file.c_str()));
  return opened.append(lines_of(launched, report::form_of(file)),
                       requirement == Requirement::required
                           ? report::Patience::long_ms
                           : report::Patience::short_ms);
}

/// Whether that could be done.
bool tell(const std::string &file, const Launched &launched,
          Requirement requirement) {
  if (!launched.failure.empty())
    complain("'{}' is not sealed wholly: {}", launched.program,
             launched.failure);
  if (file.empty())
    return true;
  auto written = write_report(file, launched, requirement);
  if (!written)
    complain("the report '{}' cannot be written: {}{}", file,
             report::why_unwritten(written.error()),
             requirement == Requirement::required
                 ? ", but --require asks for it"
                 : "; the program goes on without one");
  return written.has_value();
}

/// Opened before the tracer leaves. Null if that cannot be done, which is told.
std::shared_ptr<report::ViolationReport> open_violations(
    const std::string &file) {
  auto opened = report::ViolationReport::open(file, report::form_of(file));
  if (opened)
    return std::make_shared<report::ViolationReport>(std::move(*opened));
  complain("violations cannot be reported: '{}': {}", file,
           report::why_unwritten(opened.error()));
  return nullptr;
}

/// Denies them, and writes each down, until the program and its children are
/// gone.
void report_violations(const Launched &launched, int listener,
                       report::ViolationReport *report) {
  auto counts = watch_filter(launched, listener, OnViolation::report,
                             [=](const auto &violation) {
                               if (report != nullptr)
                                 report->tell(violation);
                             });
  if (report != nullptr)
    report->conclude(
        {.time = {}, .pid = launched.pid, .program = launched.program}, counts);
}

/// Whether the program lies where its file says. What it executes of its kind
/// lies there too: busybox executes itself.
bool is_at_fixed_addresses(const char *path) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header{};
  file.read(reinterpret_cast<char *>(&header), sizeof header);
  return file && header.e_type == ET_EXEC;
}

/// A tracer starts no keeper: its filter takes the place, but where children
/// would meet its addresses and mseal(2) can be had. Violations that are not
/// just denied need a filter, too.
Engine engine_for(const RunOptions &options, const char *path) {
  Engine engine =
      options.engine == Engine::automatic ? Engine::native : options.engine;
  if (options.on_violation != OnViolation::deny)
    engine = Engine::strict;
  if (!engine.has(Engine::keeper))
    return engine;
  if (options.requirement == Requirement::best_effort &&
      is_at_fixed_addresses(path) &&
      sys::try_mseal_in_child() == sys::MsealTrial::works) {
    complain(
        "'{}' is sealed by mseal(2) alone: it gets no keeper, and a "
        "filter's addresses would be those of its children, too",
        path);
    return Engine::native;
  }
  return engine.without(Engine::keeper) | Engine::filter;
}

}  // namespace

std::string report_file(const RunOptions &options) {
  return options.report.empty() ? "-" : std::string(options.report);
}

std::optional<int> prepare_trace(const launch::RunRequest &request,
                                 const char *path) {
  const RunOptions &wanted = request.options;
  bool required = wanted.requirement == Requirement::required;
  std::string file(wanted.report);
  auto met = std::make_shared<PatternsMet>();
  tracer::LaunchOptions options{
      .wanted = {.object =
                     [=](std::string_view object) {
                       return memseal::selects(wanted, object, {}, met.get());
                     },
                 .segments = wanted.segments,
                 .types = wanted.types},
      .children = request.how == launch::How::trace_children
                      ? tracer::Children::followed
                      : tracer::Children::left_alone,
      .on_failure = required ? tracer::OnFailure::exits_125
                             : tracer::OnFailure::runs_unsealed,
      .engine = engine_for(wanted, path),
      .on_violation = wanted.on_violation,
      .report = {},
      .supervise = {}};
  if (wanted.on_violation == OnViolation::report) {
    auto violations = open_violations(report_file(wanted));
    options.supervise = [=](const Launched &launched, int listener) {
      report_violations(launched, listener, violations.get());
    };
  }
  options.report = [=](const Launched &launched) {
    bool told = tell(file, launched, wanted.requirement);
    if (wanted.only.empty() || met->only != 0)
      return told;
    complain("--only names no object that '{}' starts with", launched.program);
    return told && !required;
  };
  auto ready = tracer::seal_next_exec(options);
  if (ready)
    return std::nullopt;
  complain("'{}' {}: {}", request.program[0],
           required ? "cannot be sealed" : "runs unsealed",
           sentence(ready.error()));
  return required ? std::optional(exit_usage) : std::nullopt;
}

}  // namespace memseal::cli
