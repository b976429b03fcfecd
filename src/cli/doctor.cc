// SPDX-License-Identifier: Apache-2.0
// memseal doctor: what this kernel, this libc and this process allow, what
// memseal will therefore do, and what remains open.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/diagnosis.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

// Exit codes, as memseal(1) documents them.
constexpr int exit_able = 0, exit_unable = 1, exit_mistake = 2;

std::string mark(Grade grade, Colour colour) {
  switch (grade) {
    case Grade::good:
      return paint("+", Tone::good, colour);
    case Grade::note:
      return paint(".", Tone::faint, colour);
    case Grade::weak:
    case Grade::bad:
      return paint("!", Tone::bad, colour);
  }
  return " ";
}

std::string text_of(const Diagnosis &diagnosis, Colour colour) {
  std::string text;
  for (const Section &section : diagnosis.sections) {
    text += paint(section.title, Tone::strong, colour) + '\n';
    for (const Finding &finding : section.findings) {
      std::string line =
          fitted(fmt::format("  ? {:<42}  {}\n", finding.title, finding.value));
      text += line.replace(2, 1, mark(finding.grade, colour));
      if (!finding.meaning.empty() && finding.grade != Grade::good)
        text += paint(fitted(fmt::format("      {}\n", finding.meaning)),
                      Tone::faint, colour);
    }
    text += '\n';
  }
  text += paint("memseal will use", Tone::strong, colour) + '\n';
  for (const std::string &sentence : diagnosis.will_use)
    text += fitted(fmt::format("  {}\n", sentence));
  text += '\n' + paint("what remains open", Tone::strong, colour) + '\n';
  for (const OpenVector &open : diagnosis.open)
    text +=
        fmt::format("  {} {}\n{}", paint("!", Tone::bad, colour), open.vector,
                    fitted(fmt::format("      why:  {}\n      cure: {}\n",
                                       open.why, open.remedy)));
  return text;
}

std::string json_of(const Diagnosis &diagnosis) {
  using nlohmann::ordered_json;
  ordered_json findings = ordered_json::array();
  for (const Section &section : diagnosis.sections)
    for (const Finding &finding : section.findings)
      findings.push_back({{"id", finding.id},
                          {"section", section.title},
                          {"title", finding.title},
                          {"grade", name(finding.grade)},
                          {"value", finding.value},
                          {"meaning", finding.meaning}});
  ordered_json open = ordered_json::array();
  for (const OpenVector &vector : diagnosis.open)
    open.push_back({{"vector", vector.vector},
                    {"why", vector.why},
                    {"remedy", vector.remedy}});
  const Means &means = diagnosis.means;
  ordered_json all = report::document("doctor");
  all.update({{"memseal", MEMSEAL_VERSION},
              {"means",
               {{"native", means.native},
                {"filter", means.filter},
                {"keeper", means.keeper},
                {"filter_needs_no_new_privs", means.filter_needs_no_new_privs},
                {"trace", means.trace},
                {"loader_module", means.audit_module && means.libc_has_audit}}},
              {"findings", std::move(findings)},
              {"will_use", diagnosis.will_use},
              {"open", std::move(open)}});
  return report::json_text(all, 2) + '\n';
}

}  // namespace

int doctor(int argc, char **argv) {
  bool json = false;
  std::string colour = "auto";
  Options options(
      "doctor",
      "Tell what this system allows, what memseal will use, what stays open.",
      "Exit code: 0 memseal can seal here, 1 it cannot, 2 usage.");
  options.flag("--json", json, "print JSON");
  options.choice("--color", colour, {"auto", "always", "never"},
                 "colour (auto: on a terminal, unless NO_COLOR is set)");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;

  Diagnosis diagnosis;
  diagnose_kernel(diagnosis);
  diagnose_process(diagnosis);
  diagnose_system(diagnosis);
  diagnose_installation(diagnosis);
  conclude(diagnosis);
  std::string text =
      json ? json_of(diagnosis) : text_of(diagnosis, colour_of(stdout, colour));
  print(text);
  return diagnosis.means.native || diagnosis.means.filter ? exit_able
                                                          : exit_unable;
}

}  // namespace memseal::cli
