// SPDX-License-Identifier: Apache-2.0
// JSON documents: what a verb prints as a whole. Their members are described in
// packaging/report.schema.json, as those of records are.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "memseal/page_range.h"

namespace memseal::report {

/// The head: schema, type, time.
nlohmann::ordered_json document(const char *type);

/// ASCII, and valid whatever bytes the strings hold: what is not UTF-8 is
/// replaced. (By itself the library throws.)
std::string json_text(const nlohmann::ordered_json &value, int indent = -1);

/// "0x7f00": a JSON number may lose bits above 2^53.
std::string hex(std::uint64_t address);

/// For a terminal, or a line: TextWriter::printable.
std::string printable(std::string_view text);

}  // namespace memseal::report
