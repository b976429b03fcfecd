// SPDX-License-Identifier: Apache-2.0
// Which systemd unit a process belongs to: its control group says so.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace memseal::service {

/// The innermost unit in the text of /proc/PID/cgroup, slices left out; empty
/// if none is named there. Whoever may make control groups chooses their names,
/// so it may hold any byte but a slash and a newline.
std::string unit_in(std::string_view cgroup_text);

/// Whether the text names this unit, at any depth.
bool is_in_unit(std::string_view cgroup_text, std::string_view unit);

std::string unit_of(pid_t pid);

/// The processes of a unit: those in its control group or below it.
std::vector<int> processes_of_unit(std::string_view unit);

/// The name with what is different for each instance replaced by a star:
/// scopes are named after a session, a container or a process, and a template's
/// instances after anything. So a machine has few of them.
std::string kind_of_unit(std::string_view unit);

}  // namespace memseal::service
