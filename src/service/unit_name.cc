// SPDX-License-Identifier: Apache-2.0
#include "service/unit_name.h"

#include <fmt/format.h>

#include <algorithm>

#include "process/proc_files.h"

namespace memseal::service {
namespace {

/// The kinds of unit that processes run in, apart from slices.
bool is_unit(std::string_view name) {
  for (std::string_view suffix :
       {".service", ".scope", ".socket", ".mount", ".swap"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix))
      return true;
  }
  return false;
}

/// systemd puts a "_" before names that would mean something to the kernel.
/// Source: systemd, src/basic/cgroup-util.c, cg_escape.
std::string_view unescaped(std::string_view part) {
  return part.starts_with('_') ? part.substr(1) : part;
}

/// Calls `visit` with each part of each path, outermost first.
template <typename Visit>
void for_each_part(std::string_view text, Visit visit) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = std::min(text.find_first_of("/\n", at), text.size());
    if (end > at)
      visit(unescaped(text.substr(at, end - at)));
    at = end + 1;
  }
}

}  // namespace

std::string unit_in(std::string_view cgroup_text) {
  std::string unit;
  for_each_part(cgroup_text, [&](std::string_view part) {
    if (is_unit(part))
      unit = part;
  });
  return unit;
}

bool is_in_unit(std::string_view cgroup_text, std::string_view unit) {
  bool found = false;
  for_each_part(cgroup_text, [&](std::string_view part) {
    if (part == unit)
      found = true;
  });
  return found;
}

std::string unit_of(pid_t pid) {
  return unit_in(process::text_of(pid, "cgroup"));
}

std::vector<int> processes_of_unit(std::string_view unit) {
  std::vector<int> members;
  for (int pid : process::process_ids()) {
    if (is_in_unit(process::text_of(pid, "cgroup"), unit))
      members.push_back(pid);
  }
  return members;
}

std::string kind_of_unit(std::string_view unit) {
  std::size_t dot = unit.rfind('.');
  if (dot == std::string_view::npos || unit == "init.scope")
    return std::string(unit);
  std::string_view stem = unit.substr(0, dot), suffix = unit.substr(dot);
  std::size_t mark = stem.find('@');
  if (mark == std::string_view::npos) {
    if (suffix != ".scope")
      return std::string(unit);
    mark = stem.find('-');
  }
  std::size_t keep = mark == std::string_view::npos ? 0 : mark + 1;
  return fmt::format("{}*{}", stem.substr(0, keep), suffix);
}

}  // namespace memseal::service
