// SPDX-License-Identifier: Apache-2.0
#include "service/whole_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "service/drop_in.h"

namespace memseal::service {
namespace {

constexpr const char *folder = "/etc/systemd/system";

std::string drop_in_of(const std::string &unit) {
  return fmt::format("{}/{}.d/{}", folder, unit, drop_in_name);
}

}  // namespace

std::string system_drop_in() {
  return drop_in_of("service");
}

const std::vector<std::string> &ways_back() {
  static const std::vector<std::string> units = {
      "rescue.service",           "emergency.service",
      "debug-shell.service",      "getty@.service",
      "serial-getty@.service",    "console-getty.service",
      "container-getty@.service", "systemd-journald.service",
      "systemd-udevd.service",    "user@.service"};
  return units;
}

std::string way_back_drop_in(const std::string &unit) {
  return drop_in_of(unit);
}

Refusable<std::string, process::Refusal> system_text(
    const Root &root, const policy::Policy &policy,
    const std::string &policy_file) {
  // What every dynamic program gets, as /bin/sh does.
  Unit all;
  all.name = "--system";
  auto assignments = assignments_for(root, all, "/bin/sh", policy);
  if (!assignments)
    return std::unexpected(assignments.error());
  return DropIn{all, policy, policy_file, *assignments}.text();
}

std::string way_back_text() {
  return "# Made by memseal: `memseal disable --system` removes it.\n"
         "# By this unit root comes back in, whatever becomes of the module.\n"
         "[Service]\n"
         "UnsetEnvironment=LD_AUDIT LD_PRELOAD MEMSEAL_OPTIONS\n";
}

std::vector<std::string> drop_ins(const Root &root) {
  std::vector<std::string> found;
  int fd = root.open(folder, O_RDONLY | O_DIRECTORY);
  DIR *entries = fd < 0 ? nullptr : fdopendir(fd);
  if (entries == nullptr)
    return found;
  while (const dirent *entry = readdir(entries)) {
    std::string name = entry->d_name;
    if (!name.ends_with(".d"))
      continue;
    std::string file = drop_in_of(name.substr(0, name.size() - 2));
    if (is_ours(root, file))
      found.push_back(file);
  }
  closedir(entries);
  std::ranges::sort(found);
  return found;
}

}  // namespace memseal::service
