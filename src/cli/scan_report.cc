// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/machine.h"
#include "cli/scan.h"
#include "cli/survey.h"
#include "cli/terminal.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

using nlohmann::ordered_json;
using report::printable;

enum Rule : std::uint8_t {
  executable_stack,
  text_relocations,
  writable_code,
  no_relro,
  lazy_binding,
  not_position_independent,
  static_program,
  no_stack_protector,
  not_fortified,
  flawed,
};

constexpr std::array rules = {
    ScanRule{"executable-stack", "error", "The stack is executable",
             "Whoever writes to the stack writes code, which no seal stops. "
             "Assemble with .note.GNU-stack, link with -z noexecstack."},
    ScanRule{"text-relocations", "error", "Code is relocated",
             "The loader writes into code at every start; memseal leaves such "
             "an object unsealed. Compile with -fPIC."},
    ScanRule{"writable-code", "error", "A segment is writable and executable",
             "It is writable by design, and so not sealed. Link with "
             "-z separate-code, without -N."},
    ScanRule{"no-relro", "warning", "No data becomes read-only",
             "Relocated pointers stay writable and cannot be sealed. Link with "
             "-z relro."},
    ScanRule{"lazy-binding", "warning", "Functions are bound lazily",
             "A pointer for each imported function stays writable and cannot "
             "be sealed. Link with -z now."},
    ScanRule{"no-pie", "warning", "The program is at fixed addresses",
             "Sealed or not, an attacker knows where everything is. Compile "
             "with -fPIE, link with -pie."},
    ScanRule{"static", "note", "The program has no loader",
             "memseal seals it from outside, by `memseal run` or `attach`; "
             "`memseal enable` cannot. Link dynamically."},
    ScanRule{"no-stack-protector", "note", "No stack protector was found",
             "Overflows on the stack are not noticed. Compile with "
             "-fstack-protector-strong."},
    ScanRule{"no-fortify", "note", "No fortified function was found",
             "Calls of libc that could check lengths do not. Compile with "
             "-D_FORTIFY_SOURCE=2 -O2."},
    ScanRule{"flawed", "warning", "The headers cannot be used",
             "memseal does not trust such a file and seals nothing of it."},
};

ordered_json json(elf::Known known) {
  return known == elf::Known::unknown ? ordered_json()
                                      : ordered_json(known == elf::Known::yes);
}

ordered_json json(const ScannedFile &file) {
  const elf::Hardening &facts = file.facts;
  ordered_json findings = ordered_json::array();
  for (const Finding &finding : file.findings)
    findings.push_back(
        {{"rule", rules[finding.rule].id}, {"text", finding.text}});
  if (!file.flaw.empty())
    return {{"path", file.path}, {"flaw", file.flaw}};
  return {{"path", file.path},
          {"kind", name(facts.kind)},
          {"sealable_bytes", facts.sealable},
          {"relro_bytes", facts.relro_bytes},
          {"lazy_slots", facts.lazy_slots},
          {"relro", facts.relro},
          {"bind_now", facts.bind_now},
          {"text_relocations", facts.text_relocations},
          {"executable_stack", facts.executable_stack},
          {"writable_code", facts.writable_code},
          {"position_independent", facts.position_independent},
          {"stack_protector", json(facts.stack_protector)},
          {"fortified", json(facts.fortified)},
          {"findings", std::move(findings)}};
}

/// A path as a URI; relative if it is.
/// Source:  RFC 3986, 2.3 and 4.2: a colon in the first part would end a
///          scheme.
std::string uri_of(const std::string &path) {
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (char c : path) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = std::isalnum(byte) != 0 ||
                 std::string_view("-._~/").find(c) != std::string_view::npos;
    uri +=
        plain && byte < 0x80 ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

ordered_json sarif_rules() {
  ordered_json all = ordered_json::array();
  for (const ScanRule &rule : rules)
    all.push_back(
        {{"id", rule.id},
         {"shortDescription", {{"text", std::string(rule.title) + "."}}},
         {"fullDescription", {{"text", rule.help}}},
         {"help", {{"text", rule.help}}},
         {"defaultConfiguration", {{"level", rule.level}}}});
  return all;
}

ordered_json sarif_result(const ScannedFile &file, std::size_t rule,
                          const std::string &text) {
  return {{"ruleId", rules[rule].id},
          {"ruleIndex", rule},
          {"level", rules[rule].level},
          {"message",
           {{"text", fmt::format("'{}': {}.", printable(file.path), text)}}},
          {"locations",
           {{{"physicalLocation",
              {{"artifactLocation", {{"uri", uri_of(file.path)}}},
               {"region", {{"byteOffset", 0}, {"byteLength", file.size}}}}}}}}};
}

std::string facts_line(const elf::Hardening &facts) {
  return fmt::format(
      "{}, {} to seal{}", name(facts.kind), human_size(facts.sealable),
      facts.relro_bytes != 0
          ? fmt::format(", {} of it relro", human_size(facts.relro_bytes))
          : "");
}

}  // namespace

std::span<const ScanRule> scan_rules() {
  return rules;
}

std::vector<Finding> findings_of(const elf::Hardening &facts) {
  std::vector<Finding> findings;
  auto found = [&](bool is_there, Rule rule, std::string text) {
    if (is_there)
      findings.push_back({rule, std::move(text)});
  };
  bool is_static = facts.kind == elf::FileKind::static_program;
  found(facts.executable_stack, executable_stack, "its stack is executable");
  found(facts.text_relocations, text_relocations,
        "its code is relocated at every start, so it is not sealed");
  found(facts.writable_code, writable_code,
        "a segment is writable and executable");
  found(!facts.relro, no_relro, "it has no RELRO: its pointers stay writable");
  found(!facts.bind_now && !is_static, lazy_binding,
        facts.lazy_slots != 0
            ? fmt::format("{} of imported functions {} writable (lazy binding)",
                          counted(facts.lazy_slots, "pointer", "pointers"),
                          facts.lazy_slots == 1 ? "stays" : "stay")
            : "it is not marked for immediate binding");
  found(!facts.position_independent, not_position_independent,
        "it is not position-independent");
  found(is_static, static_program,
        "it has no loader: only a tracer can seal it");
  found(facts.stack_protector == elf::Known::no, no_stack_protector,
        "it has no stack protector");
  found(facts.fortified == elf::Known::no, not_fortified,
        "none of the libc functions it calls checks lengths");
  return findings;
}

std::string text_of(const Scan &scan) {
  std::string text;
  std::size_t with_findings = 0;
  std::uint64_t sealable = 0;
  for (const ScannedFile &file : scan.files) {
    text += printable(file.path) + ": ";
    if (!file.flaw.empty()) {
      text += file.flaw + '\n';
      ++with_findings;
      continue;
    }
    text += facts_line(file.facts) + '\n';
    for (const Finding &finding : file.findings)
      text +=
          fmt::format("  {:<8} {}\n", rules[finding.rule].level, finding.text);
    with_findings += !file.findings.empty();
    sealable += file.facts.sealable;
  }
  text += fmt::format("{}{}, {} to seal; {} with findings\n",
                      scan.files.size() > 1 ? "\n" : "",
                      counted(scan.files.size(), "ELF file", "ELF files"),
                      human_size(sealable), with_findings);
  return text;
}

std::string json_of(const Scan &scan) {
  ordered_json all = report::document("scan");
  all["memseal"] = MEMSEAL_VERSION;
  all["machine"] = Machine::here().json();
  all["files"] = ordered_json::array();
  for (const ScannedFile &file : scan.files)
    all["files"].push_back(json(file));
  all["unread"] = scan.unread;
  return report::json_text(all, 2) + '\n';
}

std::string sarif_of(const Scan &scan) {
  ordered_json results = ordered_json::array();
  for (const ScannedFile &file : scan.files) {
    for (const Finding &finding : file.findings)
      results.push_back(sarif_result(file, finding.rule, finding.text));
    if (!file.flaw.empty())
      results.push_back(sarif_result(file, flawed, file.flaw));
  }
  ordered_json notices = ordered_json::array();
  for (const std::string &why : scan.unread)
    notices.push_back(
        {{"level", "error"}, {"message", {{"text", printable(why) + "."}}}});
  ordered_json run = {{"tool",
                       {{"driver",
                         {{"name", "memseal"},
                          {"version", MEMSEAL_VERSION},
                          {"semanticVersion", MEMSEAL_VERSION},
                          {"rules", sarif_rules()}}}}},
                      {"invocations",
                       {{{"executionSuccessful", scan.unread.empty()},
                         {"endTimeUtc", Machine::here().time},
                         {"toolExecutionNotifications", std::move(notices)}}}},
                      {"columnKind", "utf16CodeUnits"},
                      {"results", std::move(results)}};
  ordered_json all = {
      {"$schema",
       "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
       "sarif-schema-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", ordered_json::array({std::move(run)})}};
  return report::json_text(all, 2) + '\n';
}

}  // namespace memseal::cli
