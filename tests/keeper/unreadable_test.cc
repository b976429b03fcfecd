// SPDX-License-Identifier: Apache-2.0
// Processes that the keeper may not look into: it goes on knowing what it could
// see before, or what they asked for, and where it knows nothing it refuses
// what may be sealed. No program dies of it.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/bystander.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

using supervisor::SealKeeper;
using supervisor::Verdict;

bool goes_on(const Verdict &verdict) {
  return verdict.kind == Verdict::Kind::proceed;
}

/// Runs `body` as an unprivileged user, on page 0 that is sealed in the
/// process and was sealed in the tree, page 1 sealed in the tree only, and
/// page 2 that never was. The fork has the seals of its parent.
template <typename Body>
int with_sealed_pages(Body body) {
  return in_child([body] {
    if (!become_unprivileged() || !map_the_pages())
      return 90;
    SealKeeper keeper(page);
    if (!seal_own_object(keeper, 0))
      return 92;
    Bystander other = Bystander::executed();
    if (seal_object(keeper, other.pid(), 0) != 0 ||
        seal_object(keeper, other.pid(), 1) != 0)
      return 91;
    return body(keeper);
  });
}

TEST(UnreadableProcess, that_hid_after_it_was_seen_is_judged_by_its_mappings) {
  EXPECT_EQ(
      with_sealed_pages([](SealKeeper &keeper) {
        Bystander copy = Bystander::forked();
        if (!goes_on(judge(keeper, copy.pid(), SYS_prctl, PR_SET_DUMPABLE, 0)))
          return 1;
        copy.hide();
        if (!refuses(keeper, copy.pid(), 0))
          return 2;
        return refuses(keeper, copy.pid(), 1) || refuses(keeper, copy.pid(), 2)
                   ? 3
                   : 0;
      }),
      0);
}

TEST(UnreadableProcess, that_changes_its_user_is_looked_at_before) {
  for (long call : {SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid,
                    SYS_setresuid, SYS_setresgid, SYS_setfsuid, SYS_setfsgid}) {
    EXPECT_EQ(with_sealed_pages([call](SealKeeper &keeper) {
                Bystander copy = Bystander::forked();
                if (!goes_on(judge(keeper, copy.pid(), call, 1, 1, 1)))
                  return 1;
                copy.hide();
                if (!refuses(keeper, copy.pid(), 0))
                  return 2;
                return refuses(keeper, copy.pid(), 1) ? 3 : 0;
              }),
              0)
        << "call " << call;
  }
}

TEST(UnreadableProcess, that_is_a_copy_is_refused_what_was_ever_sealed) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              // By an image that is gone, so that nothing else tells of it.
              {
                Bystander gone = Bystander::executed();
                if (seal_object(keeper, gone.pid(), 3) != 0)
                  return 1;
              }
              Bystander copy = Bystander::forked();
              copy.hide();
              if (!refuses(keeper, copy.pid(), 0) ||
                  !refuses(keeper, copy.pid(), 1) ||
                  !refuses(keeper, copy.pid(), 3))
                return 2;
              return refuses(keeper, copy.pid(), 2) ? 3 : 0;
            }),
            0);
}

TEST(UnreadableProcess, that_executed_has_sealed_what_it_asked_for) {
  EXPECT_EQ(
      with_sealed_pages([](SealKeeper &keeper) {
        Bystander image = Bystander::executed();
        image.hide();
        if (refuses(keeper, image.pid(), 0) || refuses(keeper, image.pid(), 1))
          return 1;
        if (seal_object(keeper, image.pid(), 2) != 0)
          return 2;
        if (!refuses(keeper, image.pid(), 2))
          return 3;
        return refuses(keeper, image.pid(), 0) ||
                       refuses(keeper, image.pid(), 3)
                   ? 4
                   : 0;
      }),
      0);
}

TEST(UnreadableProcess, that_executes_again_has_nothing_sealed) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              Bystander image = Bystander::executed();
              // It is seen, and then becomes an image that nobody sees.
              if (seal_object(keeper, image.pid(), 2) != 0 ||
                  !refuses(keeper, image.pid(), 2))
                return 1;
              image.execute();
              image.hide();
              return refuses(keeper, image.pid(), 2) ? 2 : 0;
            }),
            0);
}

TEST(UnreadableProcess, may_announce_that_its_image_is_new) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              Bystander image = Bystander::executed();
              image.hide();
              if (seal_object(keeper, image.pid(), 2) != 0 ||
                  !refuses(keeper, image.pid(), 2))
                return 1;
              image.execute();
              image.hide();
              if (!announce(keeper, image.pid()))
                return 2;
              return refuses(keeper, image.pid(), 2) ? 3 : 0;
            }),
            0);
}

TEST(ReadableProcess, loses_no_seal_by_the_announcement_of_a_new_image) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              Bystander image = Bystander::executed();
              if (seal_object(keeper, image.pid(), 2) != 0)
                return 1;
              if (!announce(keeper, image.pid()))
                return 2;
              return refuses(keeper, image.pid(), 2) ? 0 : 3;
            }),
            0);
}

TEST(ReadableProcess, that_is_a_copy_has_what_was_sealed_when_it_was_forked) {
  EXPECT_EQ(
      with_sealed_pages([](SealKeeper &keeper) {
        Bystander before = Bystander::forked();
        if (!seal_own_object(keeper, 2))
          return 1;
        Bystander after = Bystander::forked();
        if (!seal_own_object(keeper, 3))
          return 2;
        if (!refuses(keeper, before.pid(), 0) ||
            refuses(keeper, before.pid(), 2))
          return 3;
        if (!refuses(keeper, after.pid(), 0) ||
            !refuses(keeper, after.pid(), 2) || refuses(keeper, after.pid(), 3))
          return 4;
        // What it seals itself is its own, and the parent's stays.
        if (seal_object(keeper, after.pid(), 5) != 0 ||
            !refuses(keeper, after.pid(), 5))
          return 5;
        return refuses(keeper, getpid(), 3) && refuses(keeper, getpid(), 2) ? 0
                                                                            : 6;
      }),
      0);
}

int seal_and_wait(void *pipes) {
  auto *ends = static_cast<int *>(pipes);
  char byte = 's';
  // The one who judges seals for us.
  static_cast<void>(write(ends[1], &byte, 1) + read(ends[2], &byte, 1));
  _exit(0);
}

// S-84, with sharers that are no threads.
TEST(SharedMemory, has_one_list) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              int ends[4];
              alignas(16) static char stack[65536];
              if (pipe(ends) != 0 || pipe(ends + 2) != 0)
                return 1;
              pid_t sharer = clone(seal_and_wait, stack + sizeof stack,
                                   CLONE_VM | SIGCHLD, ends);
              char byte = 'd';
              if (sharer < 0 || read(ends[0], &byte, 1) != 1)
                return 2;
              // Both are known.
              if (!refuses(keeper, sharer, 0) || !refuses(keeper, getpid(), 0))
                return 3;
              if (refuses(keeper, sharer, 2) || !seal_own_object(keeper, 2))
                return 4;
              if (!refuses(keeper, getpid(), 2) || !refuses(keeper, sharer, 2))
                return 5;
              static_cast<void>(write(ends[3], &byte, 1));
              int status = 0;
              waitpid(sharer, &status, 0);
              return status;
            }),
            0);
}

// As after MADV_DONTFORK, given by io_uring.
TEST(ReadableProcess, without_identity_is_refused_what_was_ever_sealed) {
  EXPECT_EQ(
      with_sealed_pages([](SealKeeper &keeper) {
        Bystander copy = Bystander::forked();
        copy.lose_identity();
        if (!refuses(keeper, copy.pid(), 0) || !refuses(keeper, copy.pid(), 1))
          return 1;
        return refuses(keeper, copy.pid(), 2) ? 2 : 0;
      }),
      0);
}

TEST(ReadableProcess, that_executes_has_nothing_sealed) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              Bystander copy = Bystander::forked();
              if (!refuses(keeper, copy.pid(), 0))
                return 1;
              copy.execute();
              return refuses(keeper, copy.pid(), 0) ? 2 : 0;
            }),
            0);
}

Verdict set_break(SealKeeper &keeper, pid_t process, std::uint64_t to) {
  return judge(keeper, process, SYS_brk, to);
}

// S-35, of a process whose heap nobody sees.
TEST(UnreadableProcess, moves_its_break_where_no_heap_is_sealed) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              Bystander copy = Bystander::forked();
              copy.hide();
              // Objects lie above every break.
              return goes_on(set_break(keeper, copy.pid(), page)) &&
                             goes_on(set_break(keeper, copy.pid(), page_at(1)))
                         ? 0
                         : 1;
            }),
            0);
}

TEST(UnreadableProcess, is_told_0_by_brk_below_heap_that_may_be_sealed) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              Bystander other = Bystander::forked();
              if (seal_memory(keeper, other.pid(), 4, page_at(5)) != 0 ||
                  seal_memory(keeper, other.pid(), 6, page_at(5)) != 0)
                return 1;
              Bystander copy = Bystander::forked();
              copy.hide();
              Verdict below = set_break(keeper, copy.pid(), page_at(4));
              if (goes_on(below) || below.value != 0 || !below.violation)
                return 2;
              // Page 6 was above the end of the heap when it was sealed.
              // The kernel rounds it up: page 4 stays.
              return goes_on(set_break(keeper, copy.pid(), page_at(4) + 1)) ? 0
                                                                            : 3;
            }),
            0);
}

TEST(UnreadableProcess, detaches_segments_where_none_may_be_sealed) {
  EXPECT_EQ(with_sealed_pages([](SealKeeper &keeper) {
              Bystander copy = Bystander::forked();
              copy.hide();
              // A loaded object is no segment.
              if (!goes_on(judge(keeper, copy.pid(), SYS_shmdt, page_at(0))))
                return 1;
              if (seal_memory(keeper, copy.pid(), 4, 0) != 0)
                return 2;
              Verdict kept = judge(keeper, copy.pid(), SYS_shmdt, page_at(3));
              if (goes_on(kept) || kept.value != 0 || !kept.violation)
                return 3;
              return goes_on(judge(keeper, copy.pid(), SYS_shmdt, page_at(5)))
                         ? 0
                         : 4;
            }),
            0);
}

}  // namespace
}  // namespace memseal::test
