// SPDX-License-Identifier: Apache-2.0
#include "cli/hits.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "cli/policy_file.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

using supervisor::Backtrace;
using supervisor::Frame;
using supervisor::Guarded;
using supervisor::Hit;
using supervisor::HitDesk;

constexpr std::size_t most_callers = 10'000;

void append_json_string(std::string &out, std::string_view text) {
  bool plain = std::ranges::all_of(text, [](char c) {
    return ' ' <= c && c <= '~' && c != '"' && c != '\\';
  });
  if (!plain) {
    out += report::json_text(nlohmann::json(text));
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

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
std::string caller(const Hit &hit) {
  for (const Frame &frame : hit.from->frames) {
    std::string_view object = base_name(frame.object);
    bool is_wrapper = object.starts_with("libc.so") ||
                      object.starts_with("libc-") || frame.function == hit.name;
    if (!is_wrapper)
      return frame_text(frame);
  }
  const std::vector<Frame> &frames = hit.from->frames;
  return frames.empty() ? "an unknown place" : frame_text(frames[0]);
}

/// The end of a line.
std::string frames_text(const std::vector<Frame> &frames) {
  std::string text;
  const char *separator = "; from ";
  for (const Frame &frame : frames) {
    text += separator + frame_text(frame);
    separator = " < ";
  }
  return text + "\n";
}

std::string frames_json(const std::vector<Frame> &frames) {
  std::string text = ",\"frames\":[";
  const char *separator = "";
  for (const Frame &frame : frames) {
    text += fmt::format("{}{{\"address\":\"{:x}\",\"function\":", separator,
                        frame.address);
    append_json_string(text, frame.function);
    text += ",\"object\":";
    append_json_string(text, frame.object);
    text += ",\"source\":";
    append_json_string(text, frame.source);
    text += "}";
    separator = ",";
  }
  return text + "]}\n";
}

std::string where(const Hit &hit) {
  if (hit.guarded == nullptr)
    return "unknown pages";
  return fmt::format("{} of {}+{:#x}", hit.guarded->part, hit.guarded->object,
                     hit.offset);
}

/// A pattern that names this object; what separates patterns becomes "?".
std::string pattern_of(std::string name) {
  for (char &c : name) {
    if (c == ',' || c == ';')
      c = '?';
  }
  return name;
}

void append(int fd, std::string_view lines) {
  while (!lines.empty()) {
    ssize_t n = write(fd, lines.data(), lines.size());
    if (n <= 0)
      return;
    lines.remove_prefix(static_cast<std::size_t>(n));
  }
}

}  // namespace

std::vector<Guarded> guarded_of(const tracer::Launched &launched) {
  std::vector<Guarded> guarded;
  for (const tracer::PlannedRange &range : launched.sealed)
    guarded.push_back({range.range, range.object, range.segment});
  return guarded;
}

void HitLines::begin_text(const Hit &hit) {
  fmt::format_to(std::back_inserter(line_), "memseal: {}[{}/{}]: {} on {}: {}",
                 hit.program, hit.pid, hit.tid, hit.call, where(hit), verdict_);
}

void HitLines::begin_json(const Hit &hit) {
  auto out = std::back_inserter(line_);
  fmt::format_to(out, "{{\"pid\":{},\"tid\":{},\"program\":", hit.pid, hit.tid);
  append_json_string(line_, hit.program);
  line_ += ",\"name\":";
  append_json_string(line_, hit.name);
  line_ += ",\"call\":";
  append_json_string(line_, hit.call);
  line_ += ",\"verdict\":";
  append_json_string(line_, verdict_);
  if (hit.guarded != nullptr) {
    line_ += ",\"object\":";
    append_json_string(line_, hit.guarded->object);
    line_ += ",\"part\":";
    append_json_string(line_, hit.guarded->part);
    fmt::format_to(out, ",\"offset\":{}", hit.offset);
  }
}

const std::string &HitLines::callers(const Backtrace &from) {
  if (callers_.size() >= most_callers)
    callers_.clear();
  auto [known, is_new] = callers_.try_emplace(from.number);
  if (is_new)
    known->second = form_ == Form::json ? frames_json(from.frames)
                                        : frames_text(from.frames);
  return known->second;
}

std::string_view HitLines::line(const Hit &hit) {
  line_.clear();
  form_ == Form::json ? begin_json(hit) : begin_text(hit);
  line_ += callers(*hit.from);
  return line_;
}

HitReport::HitReport(const std::string &file)
    : fd_(file == "-" ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(file.c_str(),
                             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)),
      json_(file.ends_with(".json")),
      lines_(json_ ? HitLines::Form::json : HitLines::Form::text, "denied") {}

void HitReport::denied(const Hit &hit) {
  append(fd_, lines_.line(hit));
}

void HitReport::conclude(const supervisor::DeskCounts &counts) const {
  if (counts.vanished == 0)
    return;
  append(fd_, json_ ? fmt::format("{{\"vanished\":{}}}\n", counts.vanished)
                    : fmt::format("memseal: {} hits were denied to threads "
                                  "that ended before they could be told of\n",
                                  counts.vanished));
}

void report_hits(const tracer::Launched &launched, int listener,
                 const std::string &file) {
  HitReport report(file);
  HitDesk desk(launched.pid, guarded_of(launched), OnViolation::report,
               [&](const Hit &hit) { report.denied(hit); });
  report.conclude(desk.serve(listener));
}

void HitSummary::add(const Hit &hit) {
  ++places_[{
      hit.name, hit.guarded != nullptr ? hit.guarded->object : std::string(),
      hit.guarded != nullptr ? hit.guarded->part : std::string(), caller(hit)}];
}

std::string HitSummary::policy(const std::string &program) const {
  std::map<std::string, std::string> reasons;
  for (const auto &[place, number] : places_) {
    const auto &[name, object, part, from] = place;
    if (object.empty())
      continue;
    std::string &reason = reasons[std::string(base_name(object))];
    reason += fmt::format("{}{} on {} from {}, seen {} times",
                          reason.empty() ? "" : "; ", name, part, from, number);
  }
  std::vector<PolicyPattern> except;
  for (const auto &[object, reason] : reasons)
    except.push_back({pattern_of(object), reason});
  return policy_text(
      fmt::format(
          "Suggested by `memseal trace` after one run of {}.\n"
          "Its place: /etc/memseal/{}.toml or ~/.config/memseal/{}.toml",
          program, base_name(program), base_name(program)),
      except);
}

std::string HitSummary::text(const supervisor::DeskCounts &counts,
                             const std::string &program) const {
  if (counts.hits + counts.vanished == 0)
    return fmt::format(
        "memseal: sealing would have broken nothing of this run of {}\n"
        "memseal: suggested: memseal run -- {}\n"
        "memseal: suggested policy:\n{}",
        program, program, policy(program));
  std::string text = fmt::format(
      "memseal: sealing would have denied {} calls of {}{}:\n",
      counts.hits + counts.vanished, program,
      counts.vanished == 0 ? ""
                           : fmt::format(", {} of them by threads that ended "
                                         "too soon to be looked at",
                                         counts.vanished));
  std::set<std::string_view> objects;
  for (const auto &[place, number] : places_) {
    const auto &[name, object, part, from] = place;
    text += fmt::format("  {:>6} x {} on {} of {}, from {}\n", number, name,
                        part, object, from);
    objects.insert(base_name(object));
  }
  std::string except;
  for (std::string_view object : objects)
    except += (except.empty() ? "" : ",") + std::string(object);
  return text + fmt::format(
                    "memseal: suggested: memseal run --except={} -- {}\n"
                    "memseal: suggested policy:\n{}",
                    except, program, policy(program));
}

std::string HitSummary::json(const supervisor::DeskCounts &counts,
                             const std::string &program) const {
  using nlohmann::ordered_json;
  ordered_json places = ordered_json::array();
  std::set<std::string> objects;
  for (const auto &[place, number] : places_) {
    places.push_back({{"call", place[0]},
                      {"object", place[1]},
                      {"part", place[2]},
                      {"caller", place[3]},
                      {"hits", number}});
    objects.emplace(base_name(place[1]));
  }
  ordered_json all{
      {"program", program},
      {"hits", counts.hits},
      {"vanished", counts.vanished},
      {"stale", counts.stale},
      {"places", places},
      {"suggested", {{"except", objects}, {"policy", policy(program)}}}};
  return report::json_text(all, 2) + "\n";
}

}  // namespace memseal::cli
