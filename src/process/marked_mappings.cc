// SPDX-License-Identifier: Apache-2.0
#include "process/marked_mappings.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "vm/maps_parser.h"

namespace memseal::process {
namespace {

// Linux 5.2; older headers do without. The same on every architecture.
// Source: Linux, include/uapi/asm-generic/unistd.h, include/uapi/linux/mount.h.
constexpr long nr_fsopen = 430, nr_fsconfig = 431, nr_fsmount = 432;
constexpr unsigned fsconfig_create = 6, cloexec = 1;

/// Whether the folder tells of the processes that we are told of: a /proc of
/// another PID namespace knows other ones by the same numbers.
bool is_ours(int folder) {
  char text[32];
  ssize_t size = readlinkat(folder, "self", text, sizeof text - 1);
  return size > 0 && std::string_view(text, static_cast<std::size_t>(size)) ==
                         std::to_string(getpid());
}

int mount_nowhere() {
  auto context = static_cast<int>(syscall(nr_fsopen, "proc", cloexec));
  if (context < 0)
    return -1;
  int folder = -1;
  if (syscall(nr_fsconfig, context, fsconfig_create, nullptr, nullptr, 0) == 0)
    folder = static_cast<int>(syscall(nr_fsmount, context, cloexec, 0));
  close(context);
  return folder;
}

int find_proc() {
  int folder = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0 && is_ours(folder))
    return folder;
  if (folder >= 0)
    close(folder);
  folder = mount_nowhere();  // with CAP_SYS_ADMIN
  if (folder >= 0 && is_ours(folder))
    return folder;
  if (folder >= 0)
    close(folder);
  return -1;
}

int open_plainly(pid_t pid, const char *name, int flags = O_RDONLY) {
  static const int proc = find_proc();
  if (proc < 0) {
    errno = ENOENT;
    return -1;
  }
  std::string path = std::to_string(pid) + "/" + name;
  return openat(proc, path.c_str(), flags | O_CLOEXEC);
}

/// The IDs that a thread has three times over, real, effective and saved;
/// nothing if they differ: then nobody passes for it.
bool read_ids(const std::string &status, const char *key, unsigned &id) {
  std::size_t at = status.find(key);
  unsigned effective, saved;
  // NOLINTNEXTLINE(cert-err34-c): the kernel writes it, and all are counted.
  return at != std::string::npos &&
         std::sscanf(status.c_str() + at + std::string_view(key).size(),
                     "%u %u %u", &id, &effective, &saved) == 3 &&
         id == effective && id == saved;
}

/// Opens the file with the process's own IDs for file accesses. What the change
/// takes from us, that others of our user may look into us, is given back.
int open_as_its_user(pid_t pid, const char *name, int flags) {
  std::string status = read_proc(pid, "status");
  unsigned user, group;
  if (!read_ids(status, "\nUid:\t", user) ||
      !read_ids(status, "\nGid:\t", group)) {
    errno = EACCES;
    return -1;
  }
  const int dumpable = prctl(PR_GET_DUMPABLE);
  const auto own_group = static_cast<gid_t>(setfsgid(group));
  const auto own_user = static_cast<uid_t>(setfsuid(user));
  int fd = open_plainly(pid, name, flags);
  const int error = errno;
  setfsuid(own_user);
  setfsgid(own_group);
  if (dumpable == 1)
    prctl(PR_SET_DUMPABLE, 1);
  errno = error;
  return fd;
}

}  // namespace

int open_process_file(pid_t pid, const char *name, int flags) {
  int fd = open_plainly(pid, name, flags);
  if (fd >= 0 || (errno != EACCES && errno != EPERM) || geteuid() != 0)
    return fd;
  return open_as_its_user(pid, name, flags);
}

std::string read_all(int fd) {
  std::string text;
  char part[65536];
  ssize_t size;
  while ((size = read(fd, part, sizeof part)) > 0)
    text.append(part, static_cast<std::size_t>(size));
  return text;
}

std::string read_proc(pid_t pid, const char *name) {
  int fd = open_plainly(pid, name);
  if (fd < 0)
    return {};
  std::string text = read_all(fd);
  close(fd);
  return text;
}

Executed has_executed(pid_t process) {
  // The ninth field; the second, a name in brackets, may hold anything.
  // Source: proc_pid_stat(5); Linux, include/linux/sched.h.
  constexpr unsigned forked_but_not_executed = 0x40;
  std::string stat = read_proc(process, "stat");
  std::size_t at = stat.rfind(')');
  unsigned flags;
  // NOLINTNEXTLINE(cert-err34-c): the kernel writes it, and it is counted.
  if (at == std::string::npos ||
      std::sscanf(stat.c_str() + at + 1, " %*c %*d %*d %*d %*d %*d %u",
                  &flags) != 1)
    return Executed::unknown;
  return (flags & forked_but_not_executed) != 0 ? Executed::no : Executed::yes;
}

void for_each_mapping(std::string_view smaps, std::size_t page,
                      const std::function<void(const Mapping &, bool)> &see) {
  MapsParser parser(smaps, page);
  for (;;) {
    auto mapping = parser.next();
    if (!mapping)
      continue;  // one line that made no sense
    if (!*mapping)
      break;
    see(**mapping, has_keeper_mark(parser.fields()));
  }
}

}  // namespace memseal::process
