// SPDX-License-Identifier: Apache-2.0
#include "tracer/permission.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "process/proc_files.h"
#include "sys/proc_text.h"

namespace memseal::tracer {
namespace {

constexpr int strict_seccomp = 1;

bool is_setuid(const std::string &path) {
  struct stat file;
  return stat(path.c_str(), &file) == 0 &&
         (file.st_mode & (S_ISUID | S_ISGID)) != 0;
}

/// Yama's ptrace_scope, or 0 where there is no Yama.
std::uint64_t yama_scope() {
  auto text = process::read_file("/proc/sys/kernel/yama/ptrace_scope");
  return text ? sys::leading_number(*text).value_or(0) : 0;
}

std::string who_is(const process::Process &process) {
  return fmt::format("process {} ({})", process.pid, process.name);
}

}  // namespace

Refusable<void, process::Refusal> may_be_attached(
    const process::Process &process) {
  std::string who = who_is(process);
  if (process.pid == getpid())
    return process::refuse(process::Cause::unsuitable,
                           fmt::format("{} is memseal itself", who));
  if (process.ended())
    return process::refuse(process::Cause::vanished,
                           fmt::format("{} has ended", who));
  if (process.tracer != 0)
    return process::refuse(
        process::Cause::traced,
        fmt::format("{} is traced by process {} already: only one can", who,
                    process.tracer));
  if (process.seccomp_mode == strict_seccomp)
    return process::refuse(
        process::Cause::forbidden,
        fmt::format("{} is in strict seccomp mode: any call but "
                    "read and write would kill it",
                    who));
  return {};
}

std::string why_not_traced(const process::Process &process, int sys_errno) {
  std::string who = who_is(process);
  if (sys_errno == ESRCH || sys_errno == ENOENT)
    return fmt::format("{} has ended", who);
  if (sys_errno != EPERM && sys_errno != EACCES)
    return fmt::format("{} cannot be traced: {}", who,
                       std::strerror(sys_errno));
  if (geteuid() != 0 && is_setuid(process.program))
    return fmt::format(
        "{} runs a setuid or setgid program: only root may seal it", who);
  if (geteuid() != 0 &&
      (process.user.real != geteuid() || process.user.effective != geteuid()))
    return fmt::format(
        "{} belongs to user {}: only that user and root may seal it", who,
        process.user.real);
  if (process.program.empty())
    return fmt::format("{} is a kernel thread, or hides its program", who);
  if (auto scope = yama_scope(); scope > 0 && geteuid() != 0)
    return fmt::format(
        "this system lets nobody trace {} but its parent "
        "(kernel.yama.ptrace_scope is {}): be root",
        who, scope);
  return fmt::format(
      "this system does not let {} be traced (ptrace is forbidden here)", who);
}

}  // namespace memseal::tracer
