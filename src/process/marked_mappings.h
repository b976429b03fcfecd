// SPDX-License-Identifier: Apache-2.0
// The mappings of a process under a keeper, and the mark of a seal on them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "vm/mapping.h"

namespace memseal::process {

/// The text of /proc/PID/NAME, empty if it cannot be read.
std::string read_proc(pid_t pid, const char *name);

/// Calls `see` for every mapping, with whether it is marked. Returns whether
/// the process could be looked into. The text is copied before it is parsed.
bool for_each_mapping(pid_t pid, std::size_t page,
                      const std::function<void(const Mapping &, bool)> &see);

}  // namespace memseal::process
