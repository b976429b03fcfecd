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
  int step = in_child([engine = GetParam()] {
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
    if (sealed != 0 || control != 0)
      return 1;
    return error == EPERM ? 0 : 2;
  });
  EXPECT_EQ(step, 0);
}

TEST_P(Processes, ThreadsThatComeLaterAreBound) {  // S-70
  int step = in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    if (seal_by(engine, a.at(1), page) != 0)
      return 1;
    int error = 0;
    std::thread([&] { error = unmap_error(a.at(1)); }).join();
    return error == EPERM ? 0 : 2;
  });
  EXPECT_EQ(step, 0);
}

TEST_P(Processes, ForkInherits) {  // S-74
  int step = in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    if (seal_by(engine, a.at(1), page) != 0)
      return 1;
    pid_t child = fork();
    if (child == 0)
      _exit(unmap_error(a.at(2)) == 0 && unmap_error(a.at(1)) == EPERM ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    return status == 0 ? 0 : 2;
  });
  EXPECT_EQ(step, 0);
}

TEST_P(Processes, ALaterSiblingInTheSameMemoryIsBound) {  // S-74
  int step = in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    if (seal_by(engine, a.at(1), page) != 0)
      return 1;
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
    return error == EPERM && peek(a.at(1)) == 'b' ? 0 : 2;
  });
  EXPECT_EQ(step, 0);
}

TEST_P(Processes, ExitIsNotHindered) {  // S-76
  EXPECT_EQ(in_child([engine = GetParam()] {
              Area a = Area::create(Memory::anonymous_rw);
              return seal_by(engine, a.at(1), page);
            }),
            0);
}

TEST_P(Processes, ExecStartsAProgramThatWorks) {  // S-75
  int status = in_child([engine = GetParam()] {
    Area a = Area::create(Memory::anonymous_rw);
    if (seal_by(engine, a.at(1), page) != 0)
      return 1;
    execl("/bin/true", "true", nullptr);
    return 2;
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace memseal::test
