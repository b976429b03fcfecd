// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/status_report.h"
#include "cli/survey.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

/// Escaped, and cut to `width` bytes: "..." for what is missing.
std::string cut(const std::string &text, std::size_t width) {
  std::string shown = report::printable(text);
  if (shown.empty())
    return "-";
  if (shown.size() > width)
    shown = shown.substr(0, width - 3) + "...";
  return shown;
}

std::string columns(const Owner &owner) {
  return fmt::format("{:>7} {:<9} {:<22} {:<15}", owner.pid, cut(owner.user, 9),
                     cut(owner.unit, 22), cut(owner.name, 15));
}

/// A part of a whole that may be empty.
std::string per_cent(std::uint64_t part, std::uint64_t whole) {
  return percent(process::Share{whole, part, 0});
}

}  // namespace

std::string summary_of(const Survey &survey, Colour colour) {
  std::size_t all = survey.rows.size(), whole = survey.whole(),
              part = survey.in_part();
  process::Share sealable = survey.totals().sealable;
  std::string text =
      paint(fmt::format("{}: {} sealed, {} in part, {} not at all",
                        counted(all, "process", "processes"), whole, part,
                        all - whole - part),
            Tone::strong, colour);
  text += fmt::format("\n{} of {} that can be sealed are sealed ({}).\n",
                      human_size(sealable.sealed), human_size(sealable.bytes),
                      per_cent(sealable.sealed, sealable.bytes));
  for (const ViolationCount &count : survey.violations)
    text += fmt::format(
        "{} of {}: {}\n",
        counted(count.number,
                count.outcome == "lost" ? "lost line" : "violation",
                count.outcome == "lost" ? "lost lines" : "violations"),
        report::printable(count.program), count.outcome);
  if (survey.asked_for_violations && survey.violations.empty())
    text += "No violations.\n";
  if (!survey.unread.empty()) {
    text += paint(
        fmt::format("{} could not be looked at:\n",
                    counted(survey.unread.size(), "process", "processes")),
        Tone::bad, colour);
    for (const Unread &one : survey.unread)
      text += fmt::format("{} {}\n", columns(one.owner), name(one.why));
  }
  return text + paint(survey.machine.line(), Tone::faint, colour) + '\n';
}

std::string table_of(const Survey &survey, Colour colour) {
  std::string text =
      paint(fmt::format("{:>7} {:<9} {:<22} {:<15} {:>8} {:>9}", "PID", "USER",
                        "UNIT", "NAME", "SEALED", "OF"),
            Tone::strong, colour);
  text += '\n';
  for (const Surveyed &row : survey.rows) {
    Tone tone = row.whole()  ? Tone::good
                : row.none() ? Tone::plain
                             : Tone::strong;
    text += paint(fmt::format("{} {:>8} {:>9}", columns(row.owner),
                              percent(row.totals.sealable),
                              human_size(row.totals.sealable.bytes)),
                  tone, colour) +
            '\n';
  }
  return text + '\n' + summary_of(survey, colour);
}

namespace {

/// Source:  RFC 4180, 2. A cell that a spreadsheet would take for a formula
///          begins with an apostrophe.
std::string cell(const std::string &text) {
  std::string shown = report::printable(text), quoted = "\"";
  if (!shown.empty() && std::string_view("=+-@").contains(shown.front()))
    quoted += '\'';
  for (char c : shown)
    quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string cells(const Owner &owner) {
  return fmt::format("{},{},{},{}", owner.pid, cell(owner.user),
                     cell(owner.unit), cell(owner.name));
}

}  // namespace

std::string csv_of(const Survey &survey) {
  std::string place = fmt::format(
      "{},{},{},{}", cell(survey.machine.host), cell(survey.machine.kernel),
      cell(survey.machine.time), cell(MEMSEAL_VERSION));
  std::string text =
      "pid,user,unit,name,program,command,libc,engine,sealable_bytes,"
      "sealed_bytes,claimed_bytes,jit_bytes,state,host,kernel,time,memseal\r\n";
  for (const Surveyed &row : survey.rows) {
    const process::Totals &totals = row.totals;
    text +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{}\r\n", cells(row.owner),
                    cell(row.executable), cell(row.command), row.libc,
                    row.engine, totals.sealable.bytes, totals.sealable.sealed,
                    totals.sealable.claimed, totals.jit.bytes,
                    row.whole()  ? "sealed"
                    : row.none() ? "unsealed"
                                 : "partly",
                    place);
  }
  for (const Unread &one : survey.unread)
    text += fmt::format("{},,,,,,,,,{},{}\r\n", cells(one.owner), name(one.why),
                        place);
  return text;
}

}  // namespace memseal::cli
