// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

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
