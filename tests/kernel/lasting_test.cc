// SPDX-License-Identifier: Apache-2.0
// S-81: advice that was given before the seal and works after it.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "memseal/memseal.h"
#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Lasting);

constexpr int pageout = 21;     // MADV_PAGEOUT, Linux 5.4
constexpr int droppable = 0x8;  // MAP_DROPPABLE, Linux 6.11

/// Two pages with something on them.
char *two_pages(int flags = MAP_PRIVATE) {
  auto *at = static_cast<char *>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE,
                                      flags | MAP_ANONYMOUS, -1, 0));
  if (at == MAP_FAILED)
    return nullptr;
  at[0] = 'a';
  at[page] = 'b';
  return at;
}

/// Presses the pages out of memory; false where the kernel cannot be asked to.
bool press_out(char *at) {
  return madvise(at, 2 * page, pageout) == 0;
}

/// Whether pressing them out empties pages that MADV_FREE has marked: the
/// control of everything here.
bool loses_freed_pages() {
  char *twin = two_pages();
  return madvise(twin, 2 * page, MADV_FREE) == 0 && press_out(twin) &&
         twin[0] == 0 && twin[page] == 0;
}

TEST_P(Lasting, WritablePagesThatWereFreedLazilyKeepWhatIsThere) {
  in_child([engine = GetParam()] {
    if (!loses_freed_pages())
      CHILD_SKIP("this kernel presses nothing out (Linux 5.4)");
    char *at = two_pages();
    CHILD_ASSERT_EQ(madvise(at, 2 * page, MADV_FREE), 0);
    CHILD_ASSERT_EQ(seal_by(engine, at, 2 * page), 0);
    if (engine == Engine::native)
      return;  // S-63: such advice is not forbidden there, after the seal
    CHILD_ASSERT_TRUE(press_out(at));
    CHILD_ASSERT_EQ(at[0], 'a');
    CHILD_ASSERT_EQ(at[page], 'b');
  });
}

TEST_P(Lasting, PagesThatNobodyTouchedAreNotMadeForThis) {
  in_child([engine = GetParam()] {
    char *at = two_pages();
    CHILD_ASSERT_EQ(madvise(at + page, page, MADV_DONTNEED), 0);
    CHILD_ASSERT_EQ(madvise(at, 2 * page, MADV_FREE), 0);
    CHILD_ASSERT_EQ(seal_by(engine, at, 2 * page), 0);
    unsigned char resident[2];
    CHILD_ASSERT_EQ(mincore(at, 2 * page, resident), 0);
    CHILD_ASSERT_EQ(resident[0] & 1, 1);
    CHILD_ASSERT_EQ(resident[1] & 1, 0);
  });
}

TEST_P(Lasting, ReadOnlyPagesThatWereFreedLazilyKeepWhatIsThere) {
  in_child([engine = GetParam()] {
    if (!loses_freed_pages())
      CHILD_SKIP("this kernel presses nothing out (Linux 5.4)");
    char *at = two_pages();
    CHILD_ASSERT_EQ(madvise(at, 2 * page, MADV_FREE), 0);
    CHILD_ASSERT_EQ(mprotect(at, 2 * page, PROT_READ), 0);
    int error = seal_by(engine, at, 2 * page);
    if (error == EOPNOTSUPP)
      CHILD_SKIP("/proc/self/mem does not override here");
    CHILD_ASSERT_EQ(error, 0);
    CHILD_ASSERT_TRUE(press_out(at));
    CHILD_ASSERT_EQ(at[0], 'a');
    CHILD_ASSERT_EQ(at[page], 'b');
  });
}

TEST_P(Lasting, MemoryThatMayBeDroppedIsNotSealed) {
  in_child([engine = GetParam()] {
    char *at = two_pages(droppable);
    if (at == nullptr)
      CHILD_SKIP("no MAP_DROPPABLE (Linux 6.11)");
    CHILD_ASSERT_TRUE(press_out(at));
    CHILD_ASSERT_EQ(at[0], 0);  // the control
    CHILD_ASSERT_EQ(mprotect(at, 2 * page, PROT_READ), 0);
    CHILD_ASSERT_EQ(seal_by(engine, at, page), EOPNOTSUPP);
    CHILD_ASSERT_EQ(munmap(at, 2 * page), 0);
  });
}

/// What a child reads; -1 where it has no page.
int in_forked_child(char *at) {
  pid_t child = fork();
  if (child == 0) {
    int byte = peek(at);
    _exit(byte < 0 ? 255 : byte);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
    return -2;
  return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

struct ForkAdvice {
  int given, taken_back, child_has;
};
constexpr ForkAdvice fork_advice[] = {{MADV_DONTFORK, MADV_DOFORK, -1},
                                      {MADV_WIPEONFORK, MADV_KEEPONFORK, 0}};

TEST_P(Lasting, PagesThatChildrenDoNotGetAreNotSealed) {
  for (const ForkAdvice &advice : fork_advice)
    in_child([&, engine = GetParam()] {
      char *at = two_pages();
      CHILD_ASSERT_EQ(madvise(at, 2 * page, advice.given), 0);
      CHILD_ASSERT_EQ(mprotect(at, 2 * page, PROT_READ), 0);
      CHILD_ASSERT_EQ(in_forked_child(at), advice.child_has);  // the control
      CHILD_ASSERT_EQ(seal_by(engine, at, page), EOPNOTSUPP);
      CHILD_ASSERT_EQ(madvise(at, 2 * page, advice.taken_back), 0);
      CHILD_ASSERT_EQ(seal_by(engine, at, page), 0);
      CHILD_ASSERT_EQ(in_forked_child(at), 'a');
      CHILD_ASSERT_ERROR(madvise(at, page, advice.given), EPERM);
    });
}

MEMSEAL_FILTERING_ENGINES(LastingByType);

TEST_P(LastingByType, OnlyDiscardPromisesContent) {
  in_child([engine = GetParam()] {
    char *at = two_pages();
    CHILD_ASSERT_EQ(madvise(at, 2 * page, MADV_DONTFORK), 0);
    constexpr unsigned mapping = 0x1c, discard = 0x20;
    CHILD_ASSERT_EQ(seal_by(engine, at, page, discard), EOPNOTSUPP);
    CHILD_ASSERT_EQ(seal_by(engine, at, page, mapping), 0);
    CHILD_ASSERT_ERROR(munmap(at, page), EPERM);
  });
}

TEST_P(LastingByType, FilesAndSharedMemoryAreLookedAtToo) {
  for (Memory memory : {Memory::relro, Memory::shared_r, Memory::text})
    in_child([memory, engine = GetParam()] {
      Area area = Area::create(memory);
      CHILD_ASSERT_EQ(madvise(area.at(1), page, MADV_DONTFORK), 0);
      CHILD_ASSERT_EQ(seal_by(engine, area.at(1), page), EOPNOTSUPP);
      CHILD_ASSERT_EQ(seal_by(engine, area.at(2), page), 0);
    });
}

MEMSEAL_NATIVE_ENGINE(LastingNatively);

TEST_P(LastingNatively, WhatAChildDoesNotHaveIsNotSealedThere) {
  // S-63: on memory of a file the advice is allowed, before and after.
  in_child([engine = GetParam()] {
    Area area = Area::create(Memory::relro);
    CHILD_ASSERT_EQ(seal_by(engine, area.at(0), 3 * page), 0);
    CHILD_ASSERT_EQ(madvise(area.at(1), page, MADV_DONTFORK), 0);
    in_child([&] {
      auto sealed_at = [&](int index) {
        memseal_info info{};
        info.size = sizeof info;
        CHILD_ASSERT_EQ(memseal_query(area.at(index), &info), 0);
        return info.types != 0;
      };
      CHILD_ASSERT_ERROR(munmap(area.at(0), page), EPERM);
      CHILD_ASSERT_TRUE(sealed_at(0));
      CHILD_ASSERT_TRUE(sealed_at(2));
      CHILD_ASSERT_FALSE(sealed_at(1));
      // Nor does a seal of its own pass for made.
      CHILD_ASSERT_EQ(seal_by(engine, area.at(1), page), ENOMEM);
      constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
      CHILD_ASSERT_EQ(mmap(area.at(1), page, PROT_READ, flags, -1, 0),
                      area.at(1));
      CHILD_ASSERT_EQ(seal_by(engine, area.at(1), page), 0);
      CHILD_ASSERT_ERROR(munmap(area.at(1), page), EPERM);
      CHILD_ASSERT_TRUE(sealed_at(1));
    });
  });
}

}  // namespace
}  // namespace memseal::test
