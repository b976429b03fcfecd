// SPDX-License-Identifier: Apache-2.0
#include "cli/hits.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "cli/policy_file.h"

namespace memseal::cli {
namespace {

using supervisor::Frame;
using supervisor::Guarded;
using supervisor::Hit;
using supervisor::HitDesk;

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
  for (const Frame &frame : hit.frames) {
    std::string_view object = base_name(frame.object);
    bool is_wrapper = object.starts_with("libc.so") ||
                      object.starts_with("libc-") || frame.function == hit.name;
    if (!is_wrapper)
      return frame_text(frame);
  }
  return hit.frames.empty() ? "an unknown place" : frame_text(hit.frames[0]);
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
    guarded.push_back({range.range, range.object, range.part});
  return guarded;
}

std::string hit_text(const Hit &hit, const char *verdict) {
  std::string line =
      fmt::format("memseal: {}[{}/{}]: {} on {}: {}", hit.program, hit.pid,
                  hit.tid, hit.call, where(hit), verdict);
  const char *separator = "; from ";
  for (const Frame &frame : hit.frames) {
    line += separator + frame_text(frame);
    separator = " < ";
  }
  return line + "\n";
}

std::string hit_json(const Hit &hit, const char *verdict) {
  using nlohmann::ordered_json;
  ordered_json frames = ordered_json::array();
  for (const Frame &frame : hit.frames)
    frames.push_back({{"address", fmt::format("{:x}", frame.address)},
                      {"function", frame.function},
                      {"object", frame.object},
                      {"source", frame.source}});
  ordered_json line{{"pid", hit.pid},         {"tid", hit.tid},
                    {"program", hit.program}, {"name", hit.name},
                    {"call", hit.call},       {"verdict", verdict}};
  if (hit.guarded != nullptr) {
    line["object"] = hit.guarded->object;
    line["part"] = hit.guarded->part;
    line["offset"] = hit.offset;
  }
  line["frames"] = frames;
  using Handler = ordered_json::error_handler_t;
  return line.dump(-1, ' ', false, Handler::replace) + "\n";
}

HitReport::HitReport(const std::string &file)
    : fd_(file == "-" ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(file.c_str(),
                             O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)),
      json_(file.ends_with(".json")) {}

void HitReport::denied(const Hit &hit) const {
  append(fd_, json_ ? hit_json(hit, "denied") : hit_text(hit, "denied"));
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
  HitDesk desk(launched.pid, guarded_of(launched), supervisor::Answer::denied,
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
  return all.dump(2) + "\n";
}

}  // namespace memseal::cli
