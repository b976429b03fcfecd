// SPDX-License-Identifier: Apache-2.0
#include "support/in_child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace memseal::test {

int in_child(const std::function<int()> &body, int seconds) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    alarm(static_cast<unsigned>(seconds));
    int step = body();
    std::fflush(nullptr);
    _exit(step);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    std::abort();
  if (WIFSIGNALED(status))
    return WTERMSIG(status) == SIGALRM ? 2000 : 1000 + WTERMSIG(status);
  return WEXITSTATUS(status);
}

}  // namespace memseal::test
