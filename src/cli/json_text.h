// SPDX-License-Identifier: Apache-2.0
// JSON as it is written. Names and paths are bytes, JSON is Unicode: what is
// not UTF-8 is replaced. (By itself the library throws.)
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace memseal::cli {

template <typename Json>
std::string json_text(const Json &value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace memseal::cli
