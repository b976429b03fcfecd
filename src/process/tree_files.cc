// SPDX-License-Identifier: Apache-2.0
#include "process/tree_files.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "process/proc_files.h"
#include "process/status.h"
#include "sys/proc_text.h"

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

std::string plain_text_of(pid_t pid, const char *name) {
  int fd = open_plainly(pid, name);
  if (fd < 0)
    return {};
  auto text = read_all(fd);
  close(fd);
  return text.value_or(std::string());
}

Status status_of(pid_t thread) {
  return parse_status(plain_text_of(thread, "status"));
}

/// Opens the file with the process's own IDs for file accesses. What the change
/// takes from us, that others of our user may look into us, is given back.
int open_as_its_user(pid_t pid, const char *name, int flags) {
  Status status = status_of(pid);
  if (!status.user.are_one() || !status.group.are_one()) {
    errno = EACCES;
    return -1;
  }
  const int dumpable = prctl(PR_GET_DUMPABLE);
  const auto own_group = static_cast<gid_t>(setfsgid(status.group.real));
  const auto own_user = static_cast<uid_t>(setfsuid(status.user.real));
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

std::string tree_text_of(pid_t pid, const char *name) {
  int fd = open_process_file(pid, name);
  if (fd < 0)
    return {};
  auto text = read_all(fd);
  close(fd);
  return text.value_or(std::string());
}

pid_t process_of(pid_t thread) {
  return status_of(thread).process;
}

Executed has_executed(pid_t process) {
  // Source: proc_pid_stat(5); Linux, include/linux/sched.h.
  constexpr int flags_field = 9;
  constexpr std::uint64_t forked_but_not_executed = 0x40;
  auto flags = sys::stat_field(plain_text_of(process, "stat"), flags_field);
  if (!flags)
    return Executed::unknown;
  return (*flags & forked_but_not_executed) != 0 ? Executed::no : Executed::yes;
}

}  // namespace memseal::process
