// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace memseal::cli {

Colour colour_of(std::FILE *stream) {
  const char *no = std::getenv("NO_COLOR");
  const char *term = std::getenv("TERM");
  bool wanted = (no == nullptr || *no == '\0') && isatty(fileno(stream)) != 0 &&
                term != nullptr && std::string_view(term) != "dumb";
  return wanted ? Colour::always : Colour::never;
}

Colour colour_of(std::FILE *stream, std::string_view when) {
  if (when == "auto")
    return colour_of(stream);
  return when == "always" ? Colour::always : Colour::never;
}

int columns_of(std::FILE *stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  const char *text = std::getenv("COLUMNS");
  int columns =
      text != nullptr ? static_cast<int>(std::strtol(text, nullptr, 10)) : 0;
  return columns >= 40 ? columns : 80;
}

std::string paint(std::string_view text, Tone tone, Colour colour) {
  if (colour == Colour::never || tone == Tone::plain)
    return std::string(text);
  const char *code = tone == Tone::good    ? "32"
                     : tone == Tone::bad   ? "31"
                     : tone == Tone::faint ? "2"
                                           : "1";
  return fmt::format("\033[{}m{}\033[0m", code, text);
}

namespace {

constexpr std::size_t fitting_columns = 80;

/// Where the text of a line begins that has a name in front of it.
std::size_t text_column(std::string_view line) {
  std::size_t first = std::min(line.find_first_not_of(' '), line.size());
  std::size_t gap = line.find("  ", first);
  std::size_t column =
      gap == std::string_view::npos ? first : line.find_first_not_of(' ', gap);
  return column < fitting_columns / 2 ? column : first;
}

std::string fitted_line(std::string_view line) {
  std::string text;
  const std::string margin(text_column(line), ' ');
  while (line.size() + (text.empty() ? 0 : margin.size()) > fitting_columns) {
    std::size_t room = fitting_columns - (text.empty() ? 0 : margin.size());
    std::size_t least = text.empty() ? margin.size() + 1 : 1;
    std::size_t at = line.rfind(' ', room);
    if (at == std::string_view::npos || at < least)
      at = line.find(' ', room);
    if (at == std::string_view::npos)
      break;
    text +=
        (text.empty() ? "" : margin) + std::string(line.substr(0, at)) + '\n';
    line.remove_prefix(at + 1);
  }
  return text + (text.empty() ? "" : margin) + std::string(line);
}

}  // namespace

std::string fitted(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    result += fitted_line(text.substr(0, end));
    if (end == std::string_view::npos)
      break;
    result += '\n';
    text.remove_prefix(end + 1);
  }
  return result;
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024)
    return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  for (value /= 1024; value >= 1023.95 && unit + 1 < std::size(units); ++unit)
    value /= 1024;
  if (value < 10 && value != static_cast<double>(static_cast<int>(value)))
    return fmt::format("{:.1f} {}", value, units[unit]);
  return fmt::format("{:.0f} {}", value, units[unit]);
}

}  // namespace memseal::cli
