// SPDX-License-Identifier: Apache-2.0
// The environment as memseal got it, and as the program will get it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "memseal/error.h"

namespace memseal::launch {

/// The value of NAME in a vector of NAME=VALUE strings that ends with a null
/// pointer. Of several, the first: the one getenv(3) sees.
std::optional<std::string_view> lookup(const char *const *environment,
                                       std::string_view name);

/// A changed copy of an environment, in fixed tables: the launcher has no heap.
/// Too big for a stack.
class Environment {
public:
  /// Forgets everything and begins with the strings of `inherited`, which must
  /// stay where they are. Errors: capacity.
  Result<void> begin(char **inherited);

  /// Puts the parts together as the value of `name`; replaces every earlier
  /// one. Errors: capacity.
  Result<void> set(std::string_view name,
                   std::span<const std::string_view> parts);

  std::optional<std::string_view> get(std::string_view name) const {
    return lookup(strings_.data(), name);
  }
  void remove(std::string_view name);
  char *const *vector() { return strings_.data(); }

private:
  Result<void> append(std::string_view text);

  static constexpr std::size_t max_strings = 32768;
  static constexpr std::size_t max_text = std::size_t{512} << 10;
  std::size_t count_ = 0, used_ = 0;
  std::array<char *, max_strings> strings_{};  // ends with a null pointer
  std::array<char, max_text> text_{};
};

}  // namespace memseal::launch
