// SPDX-License-Identifier: Apache-2.0
#include "supervisor/keeper_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace memseal::supervisor {
namespace {

int receive_descriptor(int channel) {
  char byte;
  iovec part{&byte, 1};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) <= 0)
    return -1;
  cmsghdr *head = CMSG_FIRSTHDR(&message);
  if (head == nullptr || head->cmsg_type != SCM_RIGHTS)
    return -1;
  int fd;
  std::memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return fd;
}

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

/// Two descriptors for each process of the tree.
void take_all_descriptors() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
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

bool serve_as_keeper(SealKeeper &keeper, int channel, std::vector<int> kept) {
  leave_the_session();
  prctl(PR_SET_NAME, "memseal-keeper");
  kept.push_back(channel);
  close_all_but(std::move(kept));
  take_all_descriptors();
  char ready = 'r';
  if (send(channel, &ready, 1, MSG_NOSIGNAL) != 1)
    return false;
  int listener = receive_descriptor(channel);
  if (listener < 0)
    return false;
  // The program waits for this: from now on its calls are answered.
  if (send(channel, &ready, 1, MSG_NOSIGNAL) != 1)
    return false;
  close(channel);
  return keeper.serve(listener);
}

}  // namespace memseal::supervisor
