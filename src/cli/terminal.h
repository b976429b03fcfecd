// SPDX-License-Identifier: Apache-2.0
// Colour, where somebody sees it and did not ask for less.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace memseal::cli {

enum class Colour : std::uint8_t { never, always };

/// What "auto" means for this stream: colour on a terminal, unless NO_COLOR is
/// set (https://no-color.org) or TERM is "dumb".
Colour colour_of(std::FILE *stream);
/// `when` is auto, always or never.
Colour colour_of(std::FILE *stream, std::string_view when);

/// Width of the terminal in columns, or of COLUMNS; 80 if nobody knows.
int columns_of(std::FILE *stream);

enum class Tone : std::uint8_t { plain, good, bad, faint, strong };

/// The text in its tone; as it is under Colour::never.
std::string paint(std::string_view text, Tone tone, Colour colour);

/// Every line of at most 80 columns, broken at blanks: what follows is indented
/// like the first word behind two blanks or more, or like the line itself.
/// Words longer than that stay whole.
std::string fitted(std::string_view text);

/// "1.5 MiB"; whole bytes below 1 KiB.
std::string human_size(std::uint64_t bytes);

}  // namespace memseal::cli
