// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "cli/status_report.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

using nlohmann::ordered_json;

ordered_json types_of(SealTypes types) {
  ordered_json words = ordered_json::array();
  if (types.empty())
    return words;
  std::string text = types.has(seal_type::all)
                         ? "seal mprotect munmap mmap mremap discard"
                         : words_of(types);
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

ordered_json json(const process::Segment &segment) {
  std::string permissions;
  permissions += segment.protection.readable() ? 'r' : '-';
  permissions += segment.protection.writable() ? 'w' : '-';
  permissions += segment.protection.executable() ? 'x' : '-';
  permissions += segment.sharing == Sharing::shared ? 's' : 'p';
  ordered_json engine = nullptr;
  if (*segment.engine() != '\0')
    engine = segment.engine();
  return {{"segment", name(segment.kind)},
          {"begin", report::hex(segment.range.begin())},
          {"end", report::hex(segment.range.end())},
          {"size", segment.range.size()},
          {"permissions", permissions},
          {"anonymous", segment.anonymous},
          {"sealable", process::is_sealable(segment.kind)},
          {"sealed", segment.sealed()},
          {"engine", engine},
          {"filter_types", types_of(segment.filter)},
          {"downgradable", segment.downgradable},
          {"kept", segment.kept}};
}

ordered_json json(const process::Share &share) {
  return {{"bytes", share.bytes},
          {"sealed", share.sealed},
          {"claimed", share.claimed}};
}

ordered_json json(const process::Totals &totals) {
  return {{"executable", json(totals.executable)},
          {"read_only", json(totals.read_only)},
          {"relro", json(totals.relro)},
          {"gaps", json(totals.gaps)},
          {"sealable", json(totals.sealable)},
          {"jit", json(totals.jit)},
          {"other", json(totals.other)}};
}

ordered_json json(const Unread &one) {
  return {{"pid", one.owner.pid},   {"name", one.owner.name},
          {"user", one.owner.user}, {"unit", one.owner.unit},
          {"cause", name(one.why)}, {"why", one.why.text}};
}

ordered_json json(const process::ProcessView &space, UserNames &names,
                  Rows rows) {
  ordered_json objects = ordered_json::array();
  for (const process::Object &object : space.objects) {
    ordered_json segments = ordered_json::array();
    for (const process::Segment &segment : object.segments) {
      if (rows == Rows::all ||
          (process::is_sealable(segment.kind) && !segment.sealed()))
        segments.push_back(json(segment));
    }
    if (!segments.empty())
      objects.push_back({{"object", object.name},
                         {"note", object.note},
                         {"elf", object.is_elf},
                         {"segments", std::move(segments)}});
  }
  process::Totals totals = space.totals();
  Owner owner = owner_of(space, names);
  return {{"pid", space.pid},
          {"program", space.executable},
          {"name", space.name},
          {"command", space.command},
          {"user", owner.user},
          {"unit", owner.unit},
          {"libc", space.libc()},
          {"engine", *space.engine() != '\0' ? ordered_json(space.engine())
                                             : ordered_json()},
          {"seccomp_mode", space.seccomp_mode},
          {"seccomp_filters", space.seccomp_filters},
          {"filter_register", space.has_register},
          {"filter_register_doubt", space.register_doubt},
          {"keeper",
           space.keeper != 0 ? ordered_json(space.keeper) : ordered_json()},
          {"keeper_doubt", space.keeper_doubt},
          {"left_out", space.left_out},
          {"everything_sealed", totals.sealable.whole()},
          {"totals", json(totals)},
          {"objects", std::move(objects)}};
}

}  // namespace

std::string json_of(std::span<const process::ProcessView> spaces,
                    std::span<const Unread> unread, Rows rows) {
  UserNames names;
  ordered_json processes = ordered_json::array();
  for (const process::ProcessView &space : spaces)
    processes.push_back(json(space, names, rows));
  ordered_json all = report::document("status");
  all["memseal"] = MEMSEAL_VERSION;
  all["machine"] = Machine::here().json();
  all["processes"] = std::move(processes);
  all["unread"] = ordered_json::array();
  for (const Unread &one : unread)
    all["unread"].push_back(json(one));
  return report::json_text(all, 2) + '\n';
}

}  // namespace memseal::cli
