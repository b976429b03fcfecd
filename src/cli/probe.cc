// SPDX-License-Identifier: Apache-2.0
// memseal probe: proof instead of trust. Tries every attack on every segment of
// a copy of the process.
#include "cli/probe.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "process/process.h"

namespace memseal::cli {
namespace {

// Exit codes, as memseal(1) documents them.
constexpr int exit_held = 0, exit_open = 1, exit_mistake = 2, exit_failed = 3;

constexpr char epilogue[] =
    "Exit code: 0 everything that should hold did, 1 something did not, 2 "
    "usage,\n3 the process could not be probed. memseal(1) says more.";

struct Request {
  std::vector<std::string> words;
  std::string engine, html, colour = "auto";
  bool json = false, all = false;
};

/// "1234" is a process; anything else, or more than one word, a program.
int pid_of(const Request &request, bool after_dashes) {
  if (request.words.size() != 1 || after_dashes)
    return 0;
  const std::string &word = request.words.front();
  int pid = 0;
  auto [end, error] =
      std::from_chars(word.data(), word.data() + word.size(), pid);
  return error == std::errc() && end == word.data() + word.size() ? pid : 0;
}

Refusable<probe::ForkedCopy, process::Refusal> copy_of_process(int pid) {
  auto process = process::Process::look(pid);
  if (!process)
    return process::refuse(process::Cause::vanished,
                           fmt::format("there is no process {}", pid));
  return probe::ForkedCopy::of(*process);
}

bool is_worth_a_trial(const process::Segment &segment, bool all) {
  if (segment.kind == process::SegmentKind::kernel)
    return false;
  return all || process::is_sealable(segment.kind) || segment.native ||
         !segment.filter.empty();
}

void try_everything(probe::AttackRunner &runner, ProbeReport &report,
                    bool all) {
  auto began = std::chrono::steady_clock::now();
  for (const process::Object &object : report.space.objects) {
    for (const process::Segment &segment : object.segments) {
      if (!is_worth_a_trial(segment, all))
        continue;
      ProbedSegment probed{&object, &segment, {}};
      for (const probe::Attack &attack : probe::attacks())
        probed.trials.push_back(runner.attempt(attack, segment));
      report.segments.push_back(std::move(probed));
    }
  }
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  report.seconds = took.count();
}

int show(const ProbeReport &report, const Request &request) {
  if (!request.html.empty()) {
    std::ofstream page(request.html, std::ios::binary);
    page << html_of(report);
    page.close();
    if (!page)
      return refuse(exit_failed,
                    fmt::format("'{}' cannot be written", request.html));
  }
  print(request.json ? json_of(report)
                     : text_of(report, colour_of(stdout, request.colour)));
  return report.broken() + report.unsealed() == 0 ? exit_held : exit_open;
}

int probe(probe::ForkedCopy copy, int pid, const Request &request) {
  auto space = process::look_at(copy.pid());
  if (!space)
    return refuse(exit_failed, sentence(space.error()));
  ProbeReport report;
  report.space = std::move(*space);
  report.space.pid = pid;  // 0: a program that never ran
  auto runner = probe::AttackRunner::in(std::move(copy));
  if (!runner)
    return refuse(exit_failed, sentence(runner.error()));
  try_everything(*runner, report, request.all);
  return show(report, request);
}

bool has_dashes(int argc, char **argv) {
  return std::any_of(argv, argv + argc, [](const char *word) {
    return std::string_view(word) == "--";
  });
}

}  // namespace

int probe(int argc, char **argv) {
  Request request;
  Options options("probe",
                  "Try every attack on every sealed segment of a copy of a "
                  "process.",
                  epilogue);
  options.text("--engine", request.engine, "for a program: as for memseal run");
  options.flag("--all", request.all,
               "also try memory that is not meant to be sealed");
  options.flag("--json", request.json, "print JSON");
  options.text("--html", request.html, "also write one self-contained page");
  options.choice("--color", request.colour, {"auto", "always", "never"},
                 "colour (auto: on a terminal, unless NO_COLOR is set)");
  options.command("PID | PROG ARG...", request.words,
                  "a process, or a program that is started sealed and stopped "
                  "before its first instruction");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;
  if (request.words.empty())
    return refuse(exit_mistake, "probe needs a PID or a program");

  int pid = pid_of(request, has_dashes(argc, argv));
  std::vector<std::string> run{"run"};
  if (!request.engine.empty())
    run.push_back("--engine=" + request.engine);
  run.push_back("--");
  run.insert(run.end(), request.words.begin(), request.words.end());
  auto copy = pid != 0 ? copy_of_process(pid) : copy_of_program(run);
  if (!copy)
    return refuse(exit_failed, sentence(copy.error()));
  return probe(std::move(*copy), pid, request);
}

bool ProbedSegment::should_hold(std::size_t attack) const {
  return process::is_sealable(segment->kind) && !segment->sealed() &&
         !probe::attacks()[attack].type.empty();
}

std::size_t ProbeReport::broken() const {
  std::size_t count = 0;
  for (const ProbedSegment &probed : segments)
    for (const probe::Trial &trial : probed.trials)
      count += trial.promised && trial.verdict == probe::Verdict::open;
  return count;
}

std::size_t ProbeReport::unsealed() const {
  std::size_t count = 0;
  for (const ProbedSegment &probed : segments)
    for (std::size_t i = 0; i < probed.trials.size(); ++i)
      count += !probed.trials[i].promised && probed.should_hold(i) &&
               probed.trials[i].verdict == probe::Verdict::open;
  return count;
}

Cell cell_of(const ProbeReport &report, std::size_t attack,
             process::SegmentKind kind) {
  Cell cell;
  for (const ProbedSegment &probed : report.segments) {
    if (probed.segment->kind != kind)
      continue;
    const probe::Trial &trial = probed.trials[attack];
    switch (trial.verdict) {
      case probe::Verdict::held:
        ++cell.held;
        break;
      case probe::Verdict::open:
        ++cell.open;
        cell.broken += trial.promised;
        cell.unsealed += !trial.promised && probed.should_hold(attack);
        break;
      case probe::Verdict::without_effect:
        ++cell.without_effect;
        break;
      case probe::Verdict::not_applicable:
        ++cell.not_applicable;
        break;
      case probe::Verdict::unknown:
        ++cell.unknown;
    }
  }
  return cell;
}

std::vector<process::SegmentKind> kinds_of(const ProbeReport &report) {
  std::vector<process::SegmentKind> kinds;
  for (const ProbedSegment &probed : report.segments)
    if (std::find(kinds.begin(), kinds.end(), probed.segment->kind) ==
        kinds.end())
      kinds.push_back(probed.segment->kind);
  std::sort(kinds.begin(), kinds.end());
  return kinds;
}

}  // namespace memseal::cli
