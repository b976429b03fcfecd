// SPDX-License-Identifier: Apache-2.0
//
// The address space is drawn as in `memseal status --map`: a line for each
// object, each bar as wide as its segment's size has doublings.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "cli/html.h"
#include "cli/machine.h"
#include "cli/probe.h"
#include "cli/status_report.h"
#include "sys/memory.h"

namespace memseal::cli {
namespace {

constexpr char style[] = R"(
.range, td.call { font-family: ui-monospace, monospace; font-size: .86em; }
.row { display: grid; grid-template-columns: 8.5rem 15rem 1fr; gap: .8rem;
  align-items: center; padding: .12rem 0; }
.range { color: var(--soft); text-align: right; }
.object { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars { display: flex; flex-wrap: wrap; gap: 2px; }
.bars span { border-radius: 2px; height: 1.25rem; font-size: .68rem; line-height: 1.25rem;
  text-align: center; overflow: hidden; color: var(--soft);
  background: var(--none); flex: none; }
.bars .sealed { background: var(--good-soft); color: var(--good); }
.bars .unsealed { background: var(--bad-soft); color: var(--bad); }
.hole { color: var(--soft); font-size: .8rem; padding-left: 9.3rem; }
table { border-collapse: separate; border-spacing: 3px; width: 100%; }
th { text-align: left; font-weight: 600; padding: .2rem .5rem; }
td { padding: .22rem .5rem; border-radius: .25rem; }
td.cell { text-align: center; width: 7.5rem; font-size: .86em; }
td.rule { color: var(--soft); font-size: .8em; width: 3.5rem; }
ul.legend { list-style: none; padding: .4rem 0; columns: 2; }
.legend li { margin: .25rem 0; break-inside: avoid; }
.legend span { padding: .1rem .5rem; border-radius: .25rem; margin-right: .5rem; }
)";

std::string bar_of(const process::Segment &segment) {
  int doublings =
      static_cast<int>(std::bit_width(segment.range.size() / sys::page_size()));
  const char *state = segment.sealed()                     ? "sealed"
                      : process::is_sealable(segment.kind) ? "unsealed"
                                                           : "other";
  return fmt::format(
      "<span class=\"{}\" style=\"width:{:.1f}em\" "
      "title=\"{} {:x}-{:x} {}, {}\">{}</span>",
      state, 2.6 + 0.95 * doublings, name(segment.kind), segment.range.begin(),
      segment.range.end(), human_size(segment.range.size()),
      segment.sealed() ? segment.engine() : "not sealed", name(segment.kind));
}

std::string picture_of(const process::ProcessView &space) {
  std::string page;
  Address end = 0;
  for (const process::Object &object : space.objects) {
    Address begin = object.segments.front().range.begin();
    if (begin > INT64_MAX)
      continue;  // vsyscall: in the kernel's half
    if (end != 0 && begin - end >= std::uint64_t{16} << 20)
      page += fmt::format("<div class=\"hole\">{} of nothing</div>\n",
                          human_size(begin - end));
    std::string title = object.name.substr(object.name.rfind('/') + 1);
    page += fmt::format(
        "<div class=\"row\"><div class=\"range\">{:012x}</div>"
        "<div class=\"object\" title=\"{}\">{}</div><div class=\"bars\">",
        begin, html_text(object.name), html_text(title));
    for (const process::Segment &segment : object.segments) {
      page += bar_of(segment);
      end = segment.range.end();
    }
    page += "</div></div>\n";
  }
  return page;
}

std::string cell_of_table(const Cell &cell) {
  const char *state = "none";
  std::string word = "–";
  if (cell.broken + cell.unsealed != 0) {
    state = "wrong";
    word = fmt::format("{} {}", cell.broken != 0 ? "BROKEN" : "OPEN",
                       cell.broken != 0 ? cell.broken : cell.unsealed);
  } else if (cell.open != 0) {
    state = "declared";
    word = cell.held != 0 ? fmt::format("open {}", cell.open) : "open";
  } else if (cell.held != 0) {
    state = "held";
    word = "held";
  } else if (cell.without_effect != 0) {
    word = "no effect";
  } else if (cell.unknown != 0) {
    word = "?";
  }
  return fmt::format(
      "<td class=\"cell {}\" title=\"{} held, {} open, {} without effect, {} "
      "not applicable, {} not tried\">{}</td>",
      state, cell.held, cell.open, cell.without_effect, cell.not_applicable,
      cell.unknown, word);
}

std::string matrix_of(const ProbeReport &report) {
  std::vector<process::SegmentKind> kinds = kinds_of(report);
  std::string page = "<table><tr><th>attack</th><th></th>";
  for (process::SegmentKind kind : kinds)
    page += fmt::format("<th style=\"text-align:center\">{}</th>", name(kind));
  page += "</tr>\n";
  for (std::size_t i = 0; i < probe::attacks().size(); ++i) {
    page += fmt::format(
        "<tr><td class=\"call\">{}</td><td class=\"rule\">{}"
        "</td>",
        html_text(probe::attacks()[i].call), probe::attacks()[i].rule);
    for (process::SegmentKind kind : kinds)
      page += cell_of_table(cell_of(report, i, kind));
    page += "</tr>\n";
  }
  return page + "</table>\n";
}

std::string head_of(const ProbeReport &report) {
  bool good = report.broken() + report.unsealed() == 0;
  std::string verdict =
      good ? "Everything that should hold did."
      : report.broken() != 0
          ? fmt::format(
                "{} attacks worked though a seal promises that they "
                "do not.",
                report.broken())
          : fmt::format(
                "{} attacks worked on memory that could be sealed and "
                "is not.",
                report.unsealed());
  process::Share sealable = report.space.totals().sealable;
  return fmt::format(
      "<h1>memseal probe: {}</h1>\n<p class=\"soft\"><code>{}</code></p>\n"
      "<p class=\"soft\">{} trials on {} segments, each in a copy of its own. "
      "{} of {} that can be sealed are sealed ({}).</p>\n"
      "<p class=\"verdict {}\">{}</p>\n",
      html_text(report.space.name), html_text(report.space.executable),
      report.trials(), report.segments.size(), human_size(sealable.sealed),
      human_size(sealable.bytes), percent(sealable), good ? "good" : "bad",
      verdict);
}

}  // namespace

std::string html_of(const ProbeReport &report) {
  std::string page = head_of(report);
  page += "<h2>What was tried</h2>\n" + matrix_of(report);
  page +=
      "<ul class=\"soft legend\"><li><span class=\"held\">held</span>refused, "
      "and nothing changed</li>"
      "<li><span class=\"declared\">open</span>it worked, and no seal of this "
      "engine promises otherwise</li>"
      "<li><span class=\"wrong\">OPEN</span>it worked on memory that could be "
      "sealed and is not</li>"
      "<li><span class=\"wrong\">BROKEN</span>it worked though a seal promises "
      "that it does not</li>"
      "<li><span class=\"none\">no effect</span>allowed, and nothing changed"
      "</li><li><span class=\"none\">–</span>the kernel refuses it on such "
      "memory, sealed or not</li></ul>\n";
  page += "<h2>The address space</h2>\n" + picture_of(report.space);
  page +=
      "<p class=\"legend soft\"><span class=\"held\">sealed</span> <span "
      "class=\"wrong\">not sealed</span> <span class=\"none\">not meant to be "
      "sealed</span>a bar is as wide as its size has doublings</p>\n";
  page += "<h2>What was not tried</h2>\n<ul class=\"soft\">\n";
  for (const probe::Untried &skipped : probe::untried())
    page += fmt::format("<li>{}: {}</li>\n", html_text(skipped.vector),
                        html_text(skipped.why));
  page += fmt::format("</ul>\n<p class=\"soft\">{}</p>\n",
                      html_text(Machine::here().line()));
  return html_page("memseal probe: " + report.space.name, style, page);
}

}  // namespace memseal::cli
