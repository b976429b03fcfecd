// SPDX-License-Identifier: Apache-2.0
//
// The text format of Prometheus, for node_exporter's textfile collector.
//
// Labels are bounded: a time series is kept for each set of them for ever, so
// neither pids nor what a user may choose freely are labels. Units count by
// their kind, and beyond 200 as "(other)".
// Source: prometheus.io/docs/instrumenting/exposition_formats,
// .../writing_exporters and .../practices/naming.
#include <fmt/format.h>

#include <chrono>

#include "cli/survey.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

constexpr std::size_t most_units = 200;

std::string label(const char *name, std::string_view value) {
  std::string text = fmt::format("{}=\"", name);
  for (char c : report::printable(value)) {
    if (c == '\\' || c == '"')
      text += '\\';
    text += c;
  }
  return text + '"';
}

/// A metric's two lines of description.
std::string metric(const char *name, const char *type, const char *help) {
  return fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

std::string processes(const Survey &survey) {
  std::size_t all = survey.rows.size(), whole = survey.whole(),
              part = survey.in_part();
  std::string text = metric("memseal_processes", "gauge",
                            "Processes by how much of them is sealed.");
  for (auto [state, number] :
       {std::pair{"sealed", whole}, std::pair{"partly", part},
        std::pair{"unsealed", all - whole - part},
        std::pair{"unread", survey.unread.size()}})
    text +=
        fmt::format("memseal_processes{{state=\"{}\"}} {}\n", state, number);
  return text;
}

std::string bytes(const Survey &survey) {
  process::Totals totals = survey.totals();
  const std::pair<const char *, process::Share> segments[] = {
      {"executable", totals.executable},
      {"read_only", totals.read_only},
      {"relro", totals.relro},
      {"gaps", totals.gaps}};
  std::string text = metric("memseal_sealable_bytes", "gauge",
                            "Memory of all processes that can be sealed.");
  for (const auto &[name, share] : segments)
    text += fmt::format("memseal_sealable_bytes{{segment=\"{}\"}} {}\n", name,
                        share.bytes);
  text += metric("memseal_sealed_bytes", "gauge",
                 "Memory of all processes that is sealed.");
  for (const auto &[name, share] : segments)
    text += fmt::format("memseal_sealed_bytes{{segment=\"{}\"}} {}\n", name,
                        share.sealed);
  return text;
}

std::string units(const Survey &survey) {
  std::vector<UnitRow> rows = units_of(survey, most_units);
  std::string text =
      metric("memseal_unit_processes", "gauge",
             "Processes of a systemd unit, wholly sealed or not.");
  for (const UnitRow &row : rows) {
    std::string unit = label("unit", row.unit);
    text += fmt::format(
        "memseal_unit_processes{{{0},state=\"sealed\"}} {1}\n"
        "memseal_unit_processes{{{0},state=\"not_sealed\"}} {2}\n",
        unit, row.whole, row.processes - row.whole);
  }
  text += metric("memseal_unit_sealable_bytes", "gauge",
                 "Memory of a systemd unit that can be sealed.");
  for (const UnitRow &row : rows)
    text += fmt::format("memseal_unit_sealable_bytes{{{}}} {}\n",
                        label("unit", row.unit), row.sealable.bytes);
  text += metric("memseal_unit_sealed_bytes", "gauge",
                 "Memory of a systemd unit that is sealed.");
  for (const UnitRow &row : rows)
    text += fmt::format("memseal_unit_sealed_bytes{{{}}} {}\n",
                        label("unit", row.unit), row.sealable.sealed);
  return text;
}

std::string violations(const Survey &survey) {
  if (!survey.asked_for_violations)
    return {};
  std::string text =
      metric("memseal_violations_total", "counter",
             "Calls that a seal forbids, by program and by what became of "
             "them.");
  for (const ViolationCount &count : survey.violations)
    text += fmt::format("memseal_violations_total{{{},{}}} {}\n",
                        label("program", count.program),
                        label("outcome", count.outcome), count.number);
  return text;
}

}  // namespace

std::string prometheus_of(const Survey &survey) {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string text = metric("memseal_build_info", "gauge",
                            "The memseal that looked: always 1.");
  text += fmt::format("memseal_build_info{{{}}} 1\n",
                      label("version", MEMSEAL_VERSION));
  text += metric("memseal_survey_timestamp_seconds", "gauge",
                 "When the processes were looked at, since 1970.");
  text += fmt::format(
      "memseal_survey_timestamp_seconds {}\n",
      std::chrono::duration_cast<std::chrono::seconds>(now).count());
  return text + processes(survey) + bytes(survey) + units(survey) +
         violations(survey);
}

}  // namespace memseal::cli
