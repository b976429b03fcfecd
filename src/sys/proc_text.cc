// SPDX-License-Identifier: Apache-2.0
#include "sys/proc_text.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "base/large_local.h"
#include "sys/syscall.h"

namespace memseal::sys {

Result<std::string_view> read_proc(const char *path, std::span<char> buffer) {
  long fd = MEMSEAL_TRY(
      result(call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC)));
  std::size_t size = 0;
  ReturnValue got{0};
  while (size < buffer.size()) {
    got = call(SYS_read, fd, buffer.data() + size, buffer.size() - size);
    if (got.failed() || got.raw == 0)
      break;
    size += static_cast<std::size_t>(got.raw);
  }
  call(SYS_close, fd);
  if (got.failed())
    return fail(Errc::system, got.error());
  return std::string_view(buffer.data(), size);
}

std::string_view status_field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.size() <= name.size() || !line.starts_with(name) ||
        line[name.size()] != ':')
      continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line.substr(0, line.find_last_not_of(" \t") + 1);
  }
  return {};
}

std::optional<std::uint64_t> leading_number(std::string_view text) {
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9';
       ++digits) {
    auto digit = static_cast<std::uint64_t>(text[digits] - '0');
    if (value > (~std::uint64_t{0} - digit) / 10)
      return {};
    value = value * 10 + digit;
  }
  if (digits == 0)
    return {};
  return value;
}

std::optional<std::uint64_t> stat_field(std::string_view text, int number) {
  // "TID (NAME) S 1 2 3 4 5 FLAGS ..."
  std::size_t at = text.rfind(')');
  for (int field = 2; field < number && at != std::string_view::npos; ++field)
    at = text.find(' ', at + 1);
  if (at == std::string_view::npos)
    return {};
  text.remove_prefix(at + 1);  // substr would need the C++ library
  return leading_number(text);
}

std::optional<std::uint64_t> read_stat_field(const char *path, int number) {
  MEMSEAL_LARGE_LOCAL std::array<char, 1024> buffer;
  auto text = read_proc(path, buffer);
  if (!text)
    return {};
  return stat_field(*text, number);
}

}  // namespace memseal::sys
