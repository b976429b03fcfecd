// SPDX-License-Identifier: Apache-2.0
#include "report/document_tool.h"

#include <fmt/format.h>

#include "report/record.h"

namespace memseal::report {

using nlohmann::ordered_json;

ordered_json document(const char *type) {
  char time[64];
  TextWriter out(time);
  return {{"schema", schema},
          {"type", type},
          {"time", write(out, Timestamp::now()).view()}};
}

std::string json_text(const ordered_json &value, int indent) {
  return value.dump(indent, ' ', true, ordered_json::error_handler_t::replace);
}

std::string hex(std::uint64_t address) {
  return fmt::format("{:#x}", address);
}

std::string printable(std::string_view text) {
  std::string buffer(4 * text.size(), '\0');
  TextWriter out(buffer);
  buffer.resize(out.printable(text).view().size());
  return buffer;
}

}  // namespace memseal::report
