// SPDX-License-Identifier: Apache-2.0
#include "cli/violation_summary.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "policy/policy_file.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

using report::Frame;
using report::printable;
using report::Violation;
using report::ViolationCounts;

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string frame_text(const Frame &frame) {
  std::string text = frame.function.empty()
                         ? fmt::format("{:#x}", frame.address)
                         : frame.function;
  if (!frame.source.empty())
    return text + fmt::format(" ({})", frame.source);
  return frame.object.empty()
             ? text
             : text + fmt::format(" ({})", base_name(frame.object));
}

/// The first frame outside the C library: its wrapper says nothing new.
std::string caller(const Violation &violation) {
  for (const Frame &frame : violation.callers->frames) {
    std::string_view object = base_name(frame.object);
    bool is_wrapper = object.starts_with("libc.so") ||
                      object.starts_with("libc-") ||
                      frame.function == violation.call;
    if (!is_wrapper)
      return frame_text(frame);
  }
  const std::vector<Frame> &frames = violation.callers->frames;
  return frames.empty() ? "an unknown place" : frame_text(frames[0]);
}

/// A pattern that names this object; what separates patterns becomes "?".
std::string pattern_of(std::string name) {
  for (char &c : name) {
    if (c == ',' || c == ';')
      c = '?';
  }
  return name;
}

}  // namespace

void ViolationSummary::add(const Violation &violation) {
  const report::SealedRange *sealed = violation.sealed;
  ++places_[{violation.call, sealed != nullptr ? sealed->object : std::string(),
             sealed != nullptr ? sealed->segment : std::string(),
             caller(violation)}];
}

std::set<std::string> ViolationSummary::objects() const {
  std::set<std::string> names;
  for (const auto &[place, number] : places_) {
    if (!place[1].empty())
      names.emplace(base_name(place[1]));
  }
  return names;
}

std::string ViolationSummary::policy(const std::string &program) const {
  std::map<std::string, std::string> reasons;
  for (const auto &[place, number] : places_) {
    const auto &[call, object, segment, from] = place;
    if (object.empty())
      continue;
    std::string &reason = reasons[std::string(base_name(object))];
    reason +=
        fmt::format("{}{} on {} from {}, seen {} times",
                    reason.empty() ? "" : "; ", call, segment, from, number);
  }
  std::vector<policy::PolicyPattern> except;
  for (const auto &[object, reason] : reasons)
    except.push_back({pattern_of(object), reason});
  return policy::policy_text(
      fmt::format(
          "Suggested by `memseal trace` after one run of {}.\n"
          "Its place: /etc/memseal/{}.toml or ~/.config/memseal/{}.toml",
          program, base_name(program), base_name(program)),
      except);
}

std::string ViolationSummary::text(const ViolationCounts &counts,
                                   const std::string &program) const {
  if (counts.violations + counts.vanished == 0)
    return fmt::format(
        "memseal: sealing would have broken nothing of this run of {}\n"
        "memseal: suggested: memseal run -- {}\n"
        "memseal: suggested policy:\n{}",
        program, program, policy(program));
  std::string text = fmt::format(
      "memseal: sealing would have denied {} calls of {}{}:\n",
      counts.violations + counts.vanished, program,
      counts.vanished == 0 ? ""
                           : fmt::format(", {} of them by threads that ended "
                                         "too soon to be looked at",
                                         counts.vanished));
  for (const auto &[place, number] : places_) {
    const auto &[call, object, segment, from] = place;
    std::string pages = object.empty()
                            ? "unknown pages"
                            : fmt::format("{} of {}", segment, object);
    text += fmt::format("  {:>6} x {} on {}, from {}\n", number, call,
                        printable(pages), printable(from));
  }
  std::string except;
  for (const std::string &object : objects())
    except += (except.empty() ? " --except=" : ",") + pattern_of(object);
  return text + fmt::format(
                    "memseal: suggested: memseal run{} -- {}\n"
                    "memseal: suggested policy:\n{}",
                    printable(except), program, policy(program));
}

std::string ViolationSummary::json(const ViolationCounts &counts,
                                   const report::Subject &subject,
                                   const std::string &program) const {
  using nlohmann::ordered_json;
  ordered_json places = ordered_json::array();
  for (const auto &[place, number] : places_) {
    const auto &[call, object, segment, from] = place;
    ordered_json entry{{"call", call}};
    if (!object.empty())
      entry.update({{"object", object}, {"segment", segment}});
    entry.update({{"caller", from}, {"violations", number}});
    places.push_back(std::move(entry));
  }
  ordered_json all = report::document("trace");
  all.update(
      {{"pid", subject.pid},
       {"program", subject.program},
       {"violations", counts.violations},
       {"vanished", counts.vanished},
       {"stale", counts.stale},
       {"places", places},
       {"suggested", {{"except", objects()}, {"policy", policy(program)}}}});
  return report::json_text(all, 2) + "\n";
}

}  // namespace memseal::cli
