// SPDX-License-Identifier: Apache-2.0
#include "process/process.h"

#include <dirent.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace memseal::process {
namespace {

std::string program_of(pid_t pid) {
  char path[PATH_MAX];
  ssize_t n =
      readlink(fmt::format("/proc/{}/exe", pid).c_str(), path, sizeof path);
  return n > 0 ? std::string(path, std::size_t(n)) : std::string();
}

bool is_setuid(const std::string &path) {
  struct stat file;
  return stat(path.c_str(), &file) == 0 &&
         (file.st_mode & (S_ISUID | S_ISGID)) != 0;
}

/// Yama's ptrace_scope, or 0 where there is no Yama.
int yama_scope() {
  int scope = 0;
  std::ifstream("/proc/sys/kernel/yama/ptrace_scope") >> scope;
  return scope;
}

}  // namespace

Result<Process> Process::look(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  if (!status)
    return fail(Errc::system, ESRCH);
  Process process;
  process.pid = pid;
  std::string line;
  while (std::getline(status, line)) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "Name:")
      std::getline(words >> std::ws, process.name);
    else if (key == "State:")
      words >> process.state;
    else if (key == "Uid:")
      words >> process.uid >> process.effective_uid;
    else if (key == "TracerPid:")
      words >> process.tracer;
    else if (key == "Seccomp:")
      words >> process.seccomp;
  }
  process.program = program_of(pid);
  return process;
}

std::vector<pid_t> Process::threads() const {
  std::vector<pid_t> tids;
  DIR *folder = opendir(fmt::format("/proc/{}/task", pid).c_str());
  if (folder == nullptr)
    return tids;
  while (dirent *entry = readdir(folder)) {
    if (auto tid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
        tid > 0)
      tids.push_back(tid);
  }
  closedir(folder);
  std::ranges::sort(tids);
  return tids;
}

Attempt<void> may_be_attached(const Process &process) {
  std::string who = fmt::format("process {} ({})", process.pid, process.name);
  if (process.pid == getpid())
    return refuse(fmt::format("{} is memseal itself", who));
  if (process.state == 'Z' || process.state == 'X')
    return refuse(fmt::format("{} has ended", who));
  if (process.tracer != 0)
    return refuse(
        fmt::format("{} is traced by process {} already: only one "
                    "can",
                    who, process.tracer));
  if (process.seccomp == 1)
    return refuse(
        fmt::format("{} is in strict seccomp mode: any call but "
                    "read and write would kill it",
                    who));
  return {};
}

std::string why_not_traced(const Process &process, int sys_errno) {
  std::string who = fmt::format("process {} ({})", process.pid, process.name);
  if (sys_errno == ESRCH || sys_errno == ENOENT)
    return fmt::format("{} has ended", who);
  if (sys_errno != EPERM && sys_errno != EACCES)
    return fmt::format("{} cannot be traced: {}", who,
                       std::strerror(sys_errno));
  if (geteuid() != 0 && is_setuid(process.program))
    return fmt::format(
        "{} runs a setuid or setgid program: only root may "
        "seal it",
        who);
  if (geteuid() != 0 &&
      (process.uid != geteuid() || process.effective_uid != geteuid()))
    return fmt::format(
        "{} belongs to user {}: only that user and root may "
        "seal it",
        who, process.uid);
  if (process.program.empty())
    return fmt::format("{} is a kernel thread, or hides its program", who);
  if (int scope = yama_scope(); scope > 0 && geteuid() != 0)
    return fmt::format(
        "this system lets nobody trace {} but its parent "
        "(kernel.yama.ptrace_scope is {}): be root",
        who, scope);
  return fmt::format(
      "this system does not let {} be traced (ptrace is "
      "forbidden here)",
      who);
}

std::string why_not_run_traced(const std::string &path) {
  if (geteuid() == 0)
    return {};  // with CAP_SYS_PTRACE the kernel keeps the rights
  if (is_setuid(path))
    return fmt::format(
        "{} is setuid or setgid, and would lose that under a "
        "tracer",
        path);
  if (getxattr(path.c_str(), "security.capability", nullptr, 0) > 0)
    return fmt::format(
        "{} has file capabilities, and would lose them under a "
        "tracer",
        path);
  return {};
}

}  // namespace memseal::process
