// SPDX-License-Identifier: Apache-2.0
#include "cli/violation_count.h"

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>

#include "report/document_tool.h"

namespace memseal::cli {
namespace {

using nlohmann::json;

constexpr std::size_t most_programs = 200;

ViolationCount &count_of(std::vector<ViolationCount> &counts,
                         const std::string &program,
                         const std::string &outcome) {
  for (ViolationCount &count : counts) {
    if (count.program == program && count.outcome == outcome)
      return count;
  }
  if (counts.size() >= most_programs && program != "(other)")
    return count_of(counts, "(other)", outcome);
  return counts.emplace_back(ViolationCount{program, outcome, 0, {}});
}

std::string text_in(const json &record, const char *key) {
  auto found = record.find(key);
  return found != record.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

void count(const json &record, std::vector<ViolationCount> &counts) {
  std::string type = text_in(record, "type");
  std::string path = text_in(record, "program");
  std::string program = path.substr(path.rfind('/') + 1);
  if (type == "violation") {
    std::string outcome = text_in(record, "outcome");
    if (outcome != "denied" && outcome != "no effect" && outcome != "permitted")
      return;
    ViolationCount &count = count_of(counts, program, outcome);
    ++count.number;
    if (text_in(record, "call").empty())
      return;
    count.last = text_in(record, "time").substr(0, 19) + "Z " +
                 text_in(record, "call") + " on " + text_in(record, "segment") +
                 " of " + text_in(record, "object");
  } else if (type == "summary") {
    auto lost = record.find("lost");
    if (lost != record.end() && lost->is_number_unsigned() && *lost != 0)
      count_of(counts, program, "lost").number += lost->get<std::uint64_t>();
  }
}

}  // namespace

Result<void> count_violations(const std::string &file,
                              std::vector<ViolationCount> &counts) {
  errno = 0;
  std::ifstream in(file);
  if (!in)
    return fail(Errc::system, errno != 0 ? errno : ENOENT);
  for (std::string line; std::getline(in, line);) {
    json record = json::parse(line, nullptr, false);
    if (record.is_object())
      count(record, counts);
  }
  return {};
}

}  // namespace memseal::cli
