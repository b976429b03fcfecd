// SPDX-License-Identifier: Apache-2.0
//
// A page for a whole machine: what is sealed in each process, what was
// forbidden, what to do next. At 400 pixels a row's cells stand below its name.
#include <fmt/format.h>

#include <algorithm>

#include "cli/html.h"
#include "cli/status_report.h"
#include "cli/survey.h"

namespace memseal::cli {
namespace {

constexpr char style[] = R"(
body { max-width: 84rem; }
h1, .soft, .cards, li { overflow-wrap: anywhere; }
.cards { display: grid; gap: .7rem; margin: 1.2rem 0;
  grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.cards div { border: 1px solid var(--line); border-radius: .5rem;
  padding: .6rem .8rem; }
.cards b { display: block; font-size: 1.45rem; line-height: 1.3; }
.row { display: grid; gap: .15rem .7rem; padding: .25rem 0; align-items: center;
  border-bottom: 1px solid var(--line);
  grid-template-columns: 4.5rem minmax(0, 14rem) minmax(0, 1fr)
    repeat(4, 5.4rem); }
.unit { grid-template-columns: minmax(0, 20rem) minmax(0, 1fr) 5.4rem; }
.row > * { overflow-wrap: anywhere; min-width: 0; }
.row .cell { text-align: center; border-radius: .25rem; font-size: .86em;
  padding: .1rem .2rem; }
.pid { text-align: right; color: var(--soft); }
.head { font-weight: 600; font-size: .86em; }
.head .cell { background: none; }
.bar { height: .7rem; border-radius: .35rem; background: var(--bad-soft);
  overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--good); }
.small { font-size: .86em; color: var(--soft); }
@media (max-width: 46rem) {
  body { padding: 1.2rem .8rem 3rem; }
  .row { grid-template-columns: repeat(4, minmax(0, 1fr)); }
  .row .who { grid-column: span 3; } .row .whose { grid-column: span 4; }
  .row .pid { text-align: left; }
  .unit .who { grid-column: span 4; } .unit .bar { grid-column: span 3; }
}
)";

std::string cell(const process::Share &share) {
  if (share.bytes == 0)
    return "<span class=\"cell none\">–</span>";
  const char *state = share.whole()       ? "held"
                      : share.sealed == 0 ? "wrong"
                                          : "declared";
  return fmt::format("<span class=\"cell {}\" title=\"{} of {}\">{}</span>",
                     state, human_size(share.sealed), human_size(share.bytes),
                     percent(share));
}

std::string card(std::string_view number, std::string_view words) {
  return fmt::format("<div><b>{}</b>{}</div>\n", number, words);
}

std::string cards_of(const Survey &survey) {
  process::Share sealable = survey.totals().sealable;
  std::uint64_t violations = 0;
  for (const ViolationCount &count : survey.violations)
    violations += count.number;
  std::string text = "<div class=\"cards\">\n";
  text += card(std::to_string(survey.rows.size()),
               survey.rows.size() == 1 ? "process" : "processes");
  text += card(std::to_string(survey.whole()), "wholly sealed");
  text += card(std::to_string(survey.in_part()), "sealed in part");
  text += card(percent(sealable), fmt::format("of {} that can be sealed",
                                              human_size(sealable.bytes)));
  text += card(survey.asked_for_violations ? std::to_string(violations) : "?",
               "violations");
  text += card(std::to_string(survey.unread.size()), "not looked at");
  return text + "</div>\n";
}

std::string steps_of(const Survey &survey) {
  std::string text = "<h2>What to do next</h2>\n";
  std::vector<std::string> steps = next_steps(survey);
  if (steps.empty())
    return text + "<p>Nothing: everything that can be sealed is.</p>\n";
  text += "<ul>\n";
  for (const std::string &step : steps)
    text += step.starts_with("memseal ")
                ? fmt::format("<li><code>{}</code></li>\n", html_text(step))
                : fmt::format("<li>{}</li>\n", html_text(step));
  return text + "</ul>\n";
}

std::string violations_of(const Survey &survey) {
  std::string text = "<h2>Violations</h2>\n";
  if (!survey.asked_for_violations)
    return text +
           "<p class=\"soft\">No report was read: "
           "<code>--violations=FILE</code> names one.</p>\n";
  if (survey.violations.empty())
    return text + "<p class=\"soft\">None.</p>\n";
  for (const ViolationCount &count : survey.violations)
    text += fmt::format(
        "<div class=\"row unit\"><span class=\"who\">{}</span>"
        "<span class=\"small\">{}</span><span class=\"cell wrong\">{} "
        "{}</span></div>\n",
        html_text(count.program), html_text(count.last), count.number,
        html_text(count.outcome));
  return text;
}

std::string units_of(const Survey &survey) {
  std::string text = "<h2>Units</h2>\n";
  for (const UnitRow &row : cli::units_of(survey, 1000)) {
    double part = row.sealable.bytes == 0
                      ? 0
                      : 100.0 * static_cast<double>(row.sealable.sealed) /
                            static_cast<double>(row.sealable.bytes);
    text += fmt::format(
        "<div class=\"row unit\"><span class=\"who\">{} <span class=\"small\">"
        "{}</span></span><span class=\"bar\"><i style=\"width:{:.1f}%\"></i>"
        "</span>{}</div>\n",
        row.unit.empty() ? "of no unit" : html_text(row.unit),
        counted(row.processes, "process", "processes"), part,
        cell(row.sealable));
  }
  return text;
}

std::string processes_of(const Survey &survey) {
  std::string text =
      "<h2>Processes</h2>\n<div class=\"row head\"><span class=\"pid\">pid"
      "</span><span class=\"who\">program</span><span class=\"whose\">unit, "
      "user, command</span>";
  for (const char *part : {"executable", "read-only", "relro", "gaps"})
    text += fmt::format("<span class=\"cell\">{}</span>", part);
  text += "</div>\n";
  std::vector<const Surveyed *> sorted;
  for (const Surveyed &row : survey.rows)
    sorted.push_back(&row);
  // Worst first: what is sealed in part was meant to be sealed.
  std::ranges::stable_sort(sorted, {}, [](const Surveyed *row) {
    return row->whole() ? 1 : row->none() ? 2 : 0;
  });
  for (const Surveyed *row : sorted) {
    const process::Totals &totals = row->totals;
    std::string command = row->command.substr(0, 120);
    text += fmt::format(
        "<div class=\"row\"><span class=\"pid\">{}</span><span class=\"who\">"
        "{} <span class=\"small\">{} {}</span></span>"
        "<span class=\"whose small\">{} {} <code>{}</code></span>"
        "{}{}{}{}</div>\n",
        row->owner.pid, html_text(row->owner.name), row->engine, row->libc,
        html_text(row->owner.unit), html_text(row->owner.user),
        html_text(command), cell(totals.executable), cell(totals.read_only),
        cell(totals.relro), cell(totals.gaps));
  }
  return text;
}

std::string unread_of(const Survey &survey) {
  if (survey.unread.empty())
    return {};
  std::string text = "<h2>Not looked at</h2>\n<ul class=\"soft\">\n";
  for (const Unread &one : survey.unread)
    text += fmt::format("<li>{} {}: {}</li>\n", one.owner.pid,
                        html_text(one.owner.name), html_text(one.why.text));
  return text + "</ul>\n";
}

std::string verdict_of(const Survey &survey) {
  std::size_t open = survey.rows.size() - survey.whole();
  bool good = open == 0 && survey.unread.empty();
  return fmt::format(
      "<p class=\"verdict {}\">{}</p>\n", good ? "good" : "bad",
      good ? "Everything that can be sealed is."
      : open == 0
          ? "All that could be looked at is sealed."
          : fmt::format("{} of {} {} not wholly sealed.", open,
                        counted(survey.rows.size(), "process", "processes"),
                        open == 1 ? "is" : "are"));
}

}  // namespace

std::string html_of(const Survey &survey) {
  std::string host = html_text(survey.machine.host);
  std::string body =
      fmt::format("<h1>memseal: {}</h1>\n<p class=\"soft\">{}</p>\n", host,
                  html_text(survey.machine.line()));
  body += verdict_of(survey) + cards_of(survey) + steps_of(survey) +
          violations_of(survey) + units_of(survey) + processes_of(survey) +
          unread_of(survey);
  return html_page("memseal: " + survey.machine.host, style, body);
}

}  // namespace memseal::cli
