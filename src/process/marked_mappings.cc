// SPDX-License-Identifier: Apache-2.0
#include "process/marked_mappings.h"

#include <fcntl.h>
#include <unistd.h>

#include "vm/maps_parser.h"

namespace memseal::process {
std::string read_proc(pid_t pid, const char *name) {
  std::string text, path = "/proc/" + std::to_string(pid) + "/" + name;
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return text;
  char part[65536];
  ssize_t size;
  while ((size = read(fd, part, sizeof part)) > 0)
    text.append(part, static_cast<std::size_t>(size));
  close(fd);
  return text;
}

bool for_each_mapping(pid_t pid, std::size_t page,
                      const std::function<void(const Mapping &, bool)> &see) {
  std::string text = read_proc(pid, "smaps");
  MapsParser parser(text, page);
  for (;;) {
    auto mapping = parser.next();
    if (!mapping)
      continue;  // one line that made no sense
    if (!*mapping)
      break;
    see(**mapping, has_keeper_mark(parser.fields()));
  }
  return !text.empty();
}

}  // namespace memseal::process
