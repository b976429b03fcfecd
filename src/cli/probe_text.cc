// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/machine.h"
#include "cli/probe.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

/// Six kinds and the calls stand side by side in 80 columns.
constexpr int cell_width = 6;
constexpr std::size_t call_width = 36;

/// What one cell of the matrix says. Capitals mark what should not be.
std::string word_of(const Cell &cell) {
  if (cell.broken != 0)
    return "BROKEN";
  if (cell.unsealed != 0)
    return "OPEN!";
  if (cell.open != 0)
    return cell.held != 0 ? "part" : "open";
  if (cell.held != 0)
    return "held";
  if (cell.without_effect != 0)
    return "same";
  return cell.unknown != 0 ? "?" : "-";
}

Tone tone_of(const Cell &cell) {
  if (cell.broken + cell.unsealed != 0)
    return Tone::bad;
  if (cell.open != 0)
    return Tone::strong;
  return cell.held != 0 ? Tone::good : Tone::faint;
}

/// A program that was started to be probed never was a process by itself.
std::string title_of(const process::ProcessView &space) {
  std::string name = report::printable(space.name);
  return space.pid == 0 ? name : fmt::format("{} {}", space.pid, name);
}

std::string verdict_of(const ProbeReport &report, Colour colour) {
  if (report.broken() != 0)
    return paint(fmt::format("{} attacks worked though a seal promises that "
                             "they do not.\n",
                             report.broken()),
                 Tone::bad, colour);
  if (report.unsealed() != 0)
    return paint(fmt::format("{} attacks worked on memory that could be sealed "
                             "and is not.\n",
                             report.unsealed()),
                 Tone::bad, colour);
  return paint("Everything that should hold did.\n", Tone::good, colour);
}

}  // namespace

std::string text_of(const ProbeReport &report, Colour colour) {
  std::vector<process::SegmentKind> kinds = kinds_of(report);
  std::string text = paint(title_of(report.space), Tone::strong, colour);
  text += fmt::format(
      "  {}\n{} trials on {} segments, each in a copy of its "
      "own, in {:.1f} s\n\n",
      report::printable(report.space.executable), report.trials(),
      report.segments.size(), report.seconds);
  text += fmt::format("  {:<{}}", "", call_width);
  for (process::SegmentKind kind : kinds)
    text += paint(fmt::format(" {:<{}}", name(kind), cell_width), Tone::strong,
                  colour);
  text += '\n';
  for (std::size_t i = 0; i < probe::attacks().size(); ++i) {
    std::string call = probe::attacks()[i].call;
    if (call.size() > call_width)
      call += fmt::format("\n  {:<{}}", "", call_width);
    text += fmt::format("  {:<{}}", call, call_width);
    for (process::SegmentKind kind : kinds) {
      Cell cell = cell_of(report, i, kind);
      text += ' ' + paint(fmt::format("{:<{}}", word_of(cell), cell_width),
                          tone_of(cell), colour);
    }
    text += '\n';
  }
  text +=
      "\n  held: refused, and nothing changed. open: it worked, and no seal of "
      "this\n  engine promises otherwise; part: on some of them. same: "
      "allowed, "
      "and nothing\n  changed. OPEN!: it worked on memory that could be "
      "sealed. "
      "BROKEN: a seal\n  promises otherwise. -: the kernel refuses it on such "
      "memory, sealed or not.\n"
      "\n  Not tried:\n";
  for (const probe::Untried &skipped : probe::untried())
    text += fitted(fmt::format("    {}: {}\n", skipped.vector, skipped.why));
  return text + '\n' + verdict_of(report, colour) + "  " +
         paint(Machine::here().line(), Tone::faint, colour) + '\n';
}

std::string json_of(const ProbeReport &report) {
  using nlohmann::ordered_json;
  ordered_json tried = ordered_json::array(), left = ordered_json::array(),
               segments = ordered_json::array();
  for (const probe::Attack &attack : probe::attacks())
    tried.push_back(
        {{"id", attack.id}, {"call", attack.call}, {"rule", attack.rule}});
  for (const probe::Untried &skipped : probe::untried())
    left.push_back({{"vector", skipped.vector}, {"why", skipped.why}});
  for (const ProbedSegment &probed : report.segments) {
    ordered_json results = ordered_json::object();
    for (std::size_t i = 0; i < probed.trials.size(); ++i) {
      const probe::Trial &trial = probed.trials[i];
      results[probe::attacks()[i].id] = {{"verdict", name(trial.verdict)},
                                         {"detail", trial.detail},
                                         {"promised", trial.promised}};
    }
    ordered_json engine = nullptr;
    if (*probed.segment->engine() != '\0')
      engine = probed.segment->engine();
    segments.push_back({{"object", probed.object->name},
                        {"segment", name(probed.segment->kind)},
                        {"begin", report::hex(probed.segment->range.begin())},
                        {"end", report::hex(probed.segment->range.end())},
                        {"anonymous", probed.segment->anonymous},
                        {"sealed", probed.segment->sealed()},
                        {"engine", std::move(engine)},
                        {"results", std::move(results)}});
  }
  // A program that was started to be probed never was a process by itself.
  ordered_json pid = report.space.pid;
  if (report.space.pid == 0)
    pid = nullptr;
  ordered_json all = report::document("probe");
  all.update({{"memseal", MEMSEAL_VERSION},
              {"machine", Machine::here().json()},
              {"command", report.space.command},
              {"libc", report.space.libc()},
              {"pid", std::move(pid)},
              {"program", report.space.executable},
              {"name", report.space.name},
              {"trials", report.trials()},
              {"broken", report.broken()},
              {"unsealed", report.unsealed()},
              {"attacks", std::move(tried)},
              {"not_tried", std::move(left)},
              {"segments", std::move(segments)}});
  return report::json_text(all, 2) + '\n';
}

}  // namespace memseal::cli
