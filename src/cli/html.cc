// SPDX-License-Identifier: Apache-2.0
#include "cli/html.h"

#include <fmt/format.h>

#include "report/document_tool.h"

namespace memseal::cli {
namespace {

constexpr char style[] = R"(
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5b6675;
  --paper: #fbfbf9; --line: #dcdfe4; --good: #1f7a4d; --good-soft: #d9f0e3;
  --bad: #b3261e; --bad-soft: #fbdcd9; --warn: #8a5a00; --warn-soft: #fbecc8;
  --none: #eceef1; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #98a2b1;
  --paper: #14181e; --line: #2b323c; --good: #5fd39a; --good-soft: #16402c;
  --bad: #ff8a80; --bad-soft: #551e1a; --warn: #f2c14e; --warn-soft: #4a3a10;
  --none: #232a33; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 68rem;
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2.5rem 0 .8rem; }
code { font-family: ui-monospace, monospace; font-size: .86em; }
.soft { color: var(--soft); margin: .2rem 0; }
.verdict { display: inline-block; margin: 1rem 0 0; padding: .5rem .9rem;
  border-radius: .4rem; font-weight: 600; }
.good { background: var(--good-soft); color: var(--good); }
.bad { background: var(--bad-soft); color: var(--bad); }
.held { background: var(--good-soft); color: var(--good); }
.declared { background: var(--warn-soft); color: var(--warn); }
.wrong { background: var(--bad-soft); color: var(--bad); font-weight: 700; }
.none { color: var(--soft); background: var(--none); }
)";

}  // namespace

std::string html_text(std::string_view text) {
  std::string safe;
  for (char c : report::printable(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string html_page(std::string_view title, std::string_view more_style,
                      std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>{}</title>\n<style>{}{}</style></head><body>\n{}"
      "</body></html>\n",
      html_text(title), style, more_style, body);
}

}  // namespace memseal::cli
