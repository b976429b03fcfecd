// SPDX-License-Identifier: Apache-2.0
// S-70 to S-76: threads, fork, vfork, exec, exit.
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Processes);

/// 0 if the page can be unmapped, the errno if not.
int unmap_error(void *at) {
  return munmap(at, page) == 0 ? 0 : errno;
}

TEST_P(Processes, ThreadsThatWereThereAreBound) {  // S-70
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    std::atomic<int> stage = 0;
    int error = 0, control = 0;
    std::thread other([&] {
      control = unmap_error(a.at(3));
      stage = 1;
      while (stage != 2)
        std::this_thread::yield();
      error = unmap_error(a.at(1));
    });
    while (stage != 1)
      std::this_thread::yield();
    int sealed = seal_by(engine, a.at(1), page);
    stage = 2;
    other.join();
    CHILD_ASSERT_EQ(sealed, 0);
    CHILD_ASSERT_EQ(control, 0);
    CHILD_ASSERT_EQ(error, EPERM);
  });
}

TEST_P(Processes, ThreadsThatComeLaterAreBound) {  // S-70
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(1), page), 0);
    int error = 0;
    std::thread([&] { error = unmap_error(a.at(1)); }).join();
    CHILD_ASSERT_EQ(error, EPERM);
  });
}

TEST_P(Processes, ForkInherits) {  // S-74
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(1), page), 0);
    pid_t child = fork();
    if (child == 0) {
      CHILD_ASSERT_EQ(unmap_error(a.at(2)), 0);
      CHILD_ASSERT_EQ(unmap_error(a.at(1)), EPERM);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHILD_ASSERT_EQ(status, 0);
  });
}

TEST_P(Processes, ALaterSiblingInTheSameMemoryIsBound) {  // S-74
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(1), page), 0);
    static Area shared = a;
    static int error = 0;
    shared = a;
    alignas(16) static char stack[65536];
    auto body = [](void *) {
      error = syscall(SYS_munmap, shared.at(1), page) == 0 ? 0 : EPERM;
      return 0;
    };
    pid_t child =
        clone(body, stack + sizeof(stack), CLONE_VM | SIGCHLD, nullptr);
    int status = 0;
    waitpid(child, &status, 0);
    CHILD_ASSERT_EQ(error, EPERM);
    CHILD_ASSERT_EQ(peek(a.at(1)), 'b');
  });
}

TEST_P(Processes, ExitIsNotHindered) {  // S-76
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(1), page), 0);
  });
}

TEST_P(Processes, ExecStartsAProgramThatWorks) {  // S-75
  in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    CHILD_ASSERT_EQ(seal_by(engine, a.at(1), page), 0);
    execl("/bin/true", "true", nullptr);
    CHILD_FAIL("/bin/true is not executed");
  });
}

}  // namespace
}  // namespace memseal::test
