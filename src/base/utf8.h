// SPDX-License-Identifier: Apache-2.0
// Names and paths are bytes; most are UTF-8, none has to be.
#pragma once

#include <cstdint>
#include <string_view>

namespace memseal {

/// What a text begins with.
struct CodePoint {
  char32_t value;
  std::uint8_t size;  ///< in bytes
  bool valid;         ///< false: one byte that is not UTF-8, in `value`
};

/// Needs:   `text` is not empty.
/// Source:  The Unicode Standard, table 3-7: no overlong forms, no surrogates.
constexpr CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const CodePoint stray{.value = lead, .size = 1, .valid = false};
  if (lead < 0x80)
    return {.value = lead, .size = 1, .valid = true};
  const unsigned size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size)
    return stray;
  char32_t value = lead & (0x7fU >> size);
  for (char c : text.substr(1, size - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80)
      return stray;
    value = value << 6 | (byte & 0x3fU);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < smallest[size] || value > 0x10ffff || is_surrogate)
    return stray;
  return {
      .value = value, .size = static_cast<std::uint8_t>(size), .valid = true};
}

/// Whether a terminal shows it and does nothing else: no control character, no
/// end of a line, nothing that changes the direction of what follows.
constexpr bool is_harmless(CodePoint point) {
  const char32_t c = point.value;
  const bool is_control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
  const bool is_separator = c >= 0x2028 && c <= 0x202e;
  const bool is_direction = c >= 0x2066 && c <= 0x2069;
  return point.valid && !is_control && !is_separator && !is_direction;
}

}  // namespace memseal
