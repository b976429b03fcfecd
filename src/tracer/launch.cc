// SPDX-License-Identifier: Apache-2.0
// The caller's half: finding out whether it can work, and getting a tracer that
// is nobody's child.
//
//   caller ── fork ── probe ── fork ── tracer
//
// The process in the middle tries mseal(2), which a seccomp filter may punish
// with death, and ends at once; so the program inherits no child it does not
// know. The tracer is left to whoever reaps orphans. (A program that runs as
// process 1 of a container reaps orphans itself, and sees it.)
#include "tracer/launch.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "process/process.h"
#include "sys/memory.h"
#include "sys/unseen_child.h"
#include "tracer/available_engine.h"
#include "tracer/launch_watch.h"
#include "tracer/permission.h"

namespace memseal::tracer {
namespace {

enum Probe : int {
  probe_ok = 0,
  probe_no_mseal = 1,
  probe_no_process = 2,
  probe_no_filter = 3
};

/// Both ends of a line between caller and tracer.
struct Line {
  int caller = -1, tracer = -1;
};

template <typename T>
bool send_value(int fd, T value) {
  return write(fd, &value, sizeof value) == sizeof value;
}

template <typename T>
bool receive_value(int fd, T &value) {
  ssize_t n;
  while ((n = read(fd, &value, sizeof value)) < 0 && errno == EINTR) {
  }
  return n == sizeof value;
}

/// Neither the terminal's signals nor the program's descriptors are the
/// tracer's business; only standard error stays, for its messages.
void step_aside() {
  setsid();
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  prctl(PR_SET_NAME, "memseal-tracer");
  int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(nowhere, STDIN_FILENO);
  dup2(nowhere, STDOUT_FILENO);
}

[[noreturn]] void be_tracer(pid_t program, const LaunchOptions &options,
                            int line) {
  step_aside();
  char go;
  if (!send_value(line, getpid()) || !receive_value(line, go))
    _exit(1);
  auto thread = Tracee::seize(program, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
  int answer = 0;
  if (!thread)
    answer = thread.error().code == Errc::unsupported
                 ? -1
                 : thread.error().sys_errno;
  send_value(line, answer);
  close(line);
  if (!thread)
    _exit(1);
  watch_launch(*thread, options);
  _exit(0);
}

/// Makes the calls that a filter takes, to no effect: another filter may punish
/// them with death.
bool filters_work() {
  std::uint32_t action = SECCOMP_RET_ERRNO;
  if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0 &&
      errno != EINVAL)  // older than 4.14
    return false;
  int fd = memfd_create("memseal-probe", MFD_CLOEXEC);
  return fd < 0 || close(fd) == 0;
}

int probe(const LaunchOptions &options) {
  // The question may end this process: so it is asked for every engine that
  // will ask it in the program.
  if (available(options.engine) == Engine::native && !sys::has_mseal())
    return probe_no_mseal;
  if (options.engine.has(Engine::filter) && !filters_work())
    return probe_no_filter;
  return probe_ok;
}

/// After the fork of the tracer, which returned `child`.
int be_tracer_if_child(long child, pid_t program, const LaunchOptions &options,
                       Line line) {
  if (child == 0) {
    close(line.caller);
    be_tracer(program, options, line.tracer);
  }
  return child < 0 ? probe_no_process : probe_ok;
}

Refusable<void, process::Refusal> judge(int status) {
  if (WIFSIGNALED(status))
    return process::refuse(
        process::Cause::forbidden,
        "a seccomp filter here kills whoever calls mseal(2), or what memseal "
        "needs in its place");
  if (WEXITSTATUS(status) == probe_no_mseal)
    return process::refuse(
        process::Cause::unsupported,
        "mseal(2) is missing here: it needs Linux 6.10, and no "
        "seccomp filter that forbids it. --engine=filter does without");
  if (WEXITSTATUS(status) == probe_no_filter)
    return process::refuse(
        process::Cause::unsupported,
        "this kernel has no seccomp filters, or forbids them here");
  if (WEXITSTATUS(status) == probe_no_process)
    return process::refuse(process::Cause::failed,
                           "no process could be started for the tracer");
  return {};
}

Refusable<void, process::Refusal> exchange_with_tracer(int line) {
  pid_t tracer = 0;
  if (!receive_value(line, tracer))
    return process::refuse(process::Cause::failed,
                           "the tracer ended too early");
  // Where Yama lets only ancestors trace, the exception has to be named. It
  // does not survive: nobody else gets the right from it.
  prctl(PR_SET_PTRACER, tracer, 0, 0, 0);
  int answer = 0;
  bool answered = send_value(line, 'g') && receive_value(line, answer);
  prctl(PR_SET_PTRACER, 0, 0, 0, 0);
  if (!answered)
    return process::refuse(process::Cause::failed,
                           "the tracer ended too early");
  if (answer == -1)
    return process::refuse(process::Cause::unsupported,
                           "the tracer needs an x86-64 processor");
  if (answer != 0) {
    auto self = process::Process::look(getpid());
    if (self && self->tracer != 0)
      return process::refuse(
          process::Cause::traced,
          "somebody traces this process already (a debugger, "
          "strace), and only one can");
    return process::refuse(process::Cause::forbidden,
                           self ? why_not_traced(*self, answer)
                                : std::string("ptrace is forbidden here"));
  }
  return {};
}

}  // namespace

Refusable<void, process::Refusal> seal_next_exec(const LaunchOptions &options) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return process::refuse(process::Cause::failed,
                           "no socket could be made to talk to the tracer");
  Line line{ends[0], ends[1]};
  pid_t self = getpid();
  // The tracer becomes an orphan, so that the program's wait(2) does not find
  // it. If the program adopts orphans, it is a child that is not found.
  const bool unseen = sys::adopts_orphans();
  pid_t child = fork();
  if (child == 0) {
    int answer = probe(options);
    if (answer == probe_ok && !unseen)
      answer = be_tracer_if_child(fork(), self, options, line);
    _exit(answer);
  }
  int status = child < 0 ? probe_no_process << 8 : 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0 && unseen)
    status = be_tracer_if_child(sys::fork_unseen(), self, options, line) << 8;
  close(line.tracer);
  Refusable<void, process::Refusal> done = judge(status);
  if (done)
    done = exchange_with_tracer(line.caller);
  close(line.caller);
  return done;
}

}  // namespace memseal::tracer
