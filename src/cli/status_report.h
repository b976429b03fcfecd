// SPDX-License-Identifier: Apache-2.0
// The faces of `memseal status`: table, picture, JSON.
#pragma once

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

#include "cli/survey.h"
#include "cli/terminal.h"
#include "process/process_view.h"

namespace memseal::cli {

enum class Rows : std::uint8_t {
  all,
  unsealed,  ///< only what could be sealed and is not
};

/// One line per segment, below its object; totals at the end.
std::string table_of(const process::ProcessView &space, Rows rows,
                     Colour colour);

/// One line: pid, name, share of what is sealable that is sealed. The name is
/// indented by the depth in a tree.
std::string line_of(const process::ProcessView &space, int depth,
                    Colour colour);

/// A drawing of the address space, `columns` wide, with a legend.
std::string picture_of(const process::ProcessView &space, int columns,
                       Colour colour);

/// The totals, and what is to be known about claims; part of table and picture.
std::string totals_of(const process::ProcessView &space, Colour colour);

/// One JSON text about all processes. memseal(1) describes its members.
std::string json_of(std::span<const process::ProcessView> spaces,
                    std::span<const Unread> unread, Rows rows);

/// "99.9 %": never rounded up, so 100 % means all of it.
std::string percent(const process::Share &share);

/// "all", or the names of the types: "mprotect munmap".
std::string words_of(SealTypes types);

}  // namespace memseal::cli
