// SPDX-License-Identifier: Apache-2.0
#include "supervisor/keeper_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "supervisor/notification_loop.h"
#include "sys/descriptor_passing.h"

namespace memseal::supervisor {
namespace {

/// What ends or stops the program's terminal session must not end us: without
/// a keeper every memory call in the tree fails.
void leave_the_session() {
  setsid();
  for (int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGTSTP})
    ::signal(signal, SIG_IGN);
  if (chdir("/") != 0)
    return;
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd <= 2; ++fd)
    dup2(null, fd);
}

/// The limits that we inherited are the program's.
void take_what_is_permitted() {
  for (int resource : {RLIMIT_NOFILE, RLIMIT_CPU, RLIMIT_AS, RLIMIT_DATA,
                       RLIMIT_STACK, RLIMIT_RTTIME}) {
    rlimit limit{};
    if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0) {
      limit.rlim_cur = limit.rlim_max;
      setrlimit(static_cast<__rlimit_resource>(resource), &limit);
    }
  }
}

/// How much processor time one process may use before another one goes on; 0 if
/// there is no limit. Units: nanoseconds. Half of what is permitted, for one
/// call may take long. Source: Linux, kernel/sys.c: a limit of 0 counts as 1 s.
std::uint64_t turn() {
  rlimit time{};
  if (getrlimit(RLIMIT_CPU, &time) != 0 || time.rlim_max == RLIM_INFINITY)
    return 0;
  constexpr std::uint64_t second = 1'000'000'000;
  constexpr std::uint64_t longest = 3600;
  return std::clamp<std::uint64_t>(time.rlim_max, 1, longest) * second / 2;
}

/// Waits for all that serve, one after the other: orphans come back to us.
/// Returns only in the first of them.
void serve_in_turns() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  pid_t first = fork();
  if (first < 0)
    return;  // as long as the limit lets us
  if (first == 0)
    return;
  bool served = true;
  int status = 0;
  while (wait(&status) > 0 || errno == EINTR)
    served = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  _exit(served ? 0 : 1);
}

void close_all_but(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned first = STDERR_FILENO + 1;
  for (int fd : kept) {
    if (fd < static_cast<int>(first))
      continue;
    if (fd > static_cast<int>(first))
      close_range(first, static_cast<unsigned>(fd) - 1, 0);
    first = static_cast<unsigned>(fd) + 1;
  }
  close_range(first, ~0U, 0);
}

}  // namespace

bool serve_as_keeper(SealKeeper &keeper, int channel, std::vector<int> kept,
                     ViolationWatch *watch) {
  leave_the_session();
  prctl(PR_SET_NAME, "memseal-keeper");
  kept.push_back(channel);
  close_all_but(std::move(kept));
  take_what_is_permitted();
  char ready = 'r';
  if (send(channel, &ready, 1, MSG_NOSIGNAL) != 1)
    return false;
  unsigned char zone = 0;
  int listener = sys::receive_descriptor(channel, &zone);
  if (listener < 0)
    return false;
  keeper.guard(keeper::ZoneShape(zone));
  // The program waits for this: from now on its calls are answered.
  if (send(channel, &ready, 1, MSG_NOSIGNAL) != 1)
    return false;
  close(channel);
  if (turn() != 0)
    serve_in_turns();
  return answer_notifications(listener, keeper, watch, turn());
}

}  // namespace memseal::supervisor
