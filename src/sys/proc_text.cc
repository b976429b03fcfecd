// SPDX-License-Identifier: Apache-2.0
#include "sys/proc_text.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <array>

#include "sys/syscall.h"

namespace memseal::sys {

Result<std::string_view> read_proc(const char *path, std::span<char> buffer) {
  long fd = MEMSEAL_TRY(
      result(call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC)));
  std::size_t size = 0;
  Answer got{0};
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
  std::size_t at = text.find(name);
  if (at == std::string_view::npos)
    return {};
  text.remove_prefix(at + name.size());
  return text.substr(0, text.find('\n'));
}

std::optional<std::uint64_t> stat_field(const char *path, int number) {
  std::array<char, 1024> buffer;
  auto text = read_proc(path, buffer);
  if (!text)
    return {};
  // "TID (NAME) S 1 2 3 4 5 FLAGS ..."; the name may hold anything.
  std::size_t at = text->rfind(')');
  for (int field = 2; field < number && at != text->npos; ++field)
    at = text->find(' ', at + 1);
  if (at == text->npos)
    return {};
  std::uint64_t value = 0;
  for (++at; at < text->size() && (*text)[at] >= '0' && (*text)[at] <= '9';
       ++at)
    value = value * 10 + static_cast<std::uint64_t>((*text)[at] - '0');
  return value;
}

}  // namespace memseal::sys
