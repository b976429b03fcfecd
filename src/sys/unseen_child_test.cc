// SPDX-License-Identifier: Apache-2.0
#include "sys/unseen_child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/in_child.h"

namespace memseal::sys {
namespace {

TEST(UnseenChild, is_not_found_by_wait_and_found_if_asked_for) {
  EXPECT_EQ(test::in_child([] {
              long child = fork_unseen();
              if (child == 0)
                _exit(7);
              if (child < 0)
                return 1;
              if (waitpid(-1, nullptr, 0) != -1 || errno != ECHILD)
                return 2;
              int status = 0;
              if (waitpid(-1, &status, __WALL) != child)
                return 3;
              return WEXITSTATUS(status) == 7 ? 0 : 4;
            }),
            0);
}

TEST(UnseenChild, sends_no_signal_when_it_ends) {
  EXPECT_EQ(test::in_child([] {
              sigset_t child_signal;
              sigemptyset(&child_signal);
              sigaddset(&child_signal, SIGCHLD);
              sigprocmask(SIG_BLOCK, &child_signal, nullptr);
              long child = fork_unseen();
              if (child == 0)
                _exit(0);
              if (waitpid(static_cast<pid_t>(child), nullptr, __WALL) != child)
                return 1;
              sigset_t pending;
              sigpending(&pending);
              return sigismember(&pending, SIGCHLD) ? 2 : 0;
            }),
            0);
}

TEST(Orphans, are_adopted_by_who_says_so) {
  EXPECT_EQ(test::in_child([] {
              if (getpid() != 1 && adopts_orphans())
                return 1;
              prctl(PR_SET_CHILD_SUBREAPER, 1);
              return adopts_orphans() ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace memseal::sys
