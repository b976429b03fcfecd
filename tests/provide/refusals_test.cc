// SPDX-License-Identifier: Apache-2.0
// A served seal refuses what mseal(2) refuses; its unsealed twin does not.
#include <gtest/gtest.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "provide/served.h"
#include "support/in_child.h"

namespace memseal::test {
namespace {

/// Runs `attack` on a sealed page and on its twin, which holds 'x' each.
void against(int prot, int (*attack)(char *at), int expected) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([=] {
    char *sealed = map_pages(1), *twin = map_pages(1);
    *sealed = *twin = 'x';
    mprotect(sealed, page, prot);
    mprotect(twin, page, prot);
    CHILD_ASSERT_EQ(mseal(sealed, page, 0), 0);
    CHILD_ASSERT_EQ(attack(twin), 0);
    CHILD_ASSERT_EQ(attack(sealed), expected);
    CHILD_ASSERT_EQ(*sealed, 'x');
  });
}

constexpr int rw = PROT_READ | PROT_WRITE;

int become_inaccessible(char *at) {
  return error_of(mprotect(at, page, PROT_NONE));
}
int become_inaccessible_by_key(char *at) {
  return error_of(syscall(SYS_pkey_mprotect, at, page, PROT_NONE, -1));
}
int vanish(char *at) {
  return error_of(munmap(at, page));
}
int vanish_by_number(char *at) {
  return error_of(syscall(SYS_munmap, at, page));
}
int be_replaced(char *at) {
  return mmap(at, page, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
                 MAP_FAILED
             ? errno
             : 0;
}
int move(char *at) {
  char *to = map_pages(1);
  return mremap(at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED
             ? errno
             : 0;
}
int be_moved_onto(char *at) {
  char *from = map_pages(1);
  return mremap(from, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, at) ==
                 MAP_FAILED
             ? errno
             : 0;
}
int grow(char *at) {
  return mremap(at, page, 2 * page, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0;
}
int be_emptied(char *at) {
  return error_of(madvise(at, page, MADV_DONTNEED));
}
int keep_from_children(char *at) {
  return error_of(madvise(at, page, MADV_DONTFORK));
}

TEST(ServedSeal, refuses_mprotect_and_pkey_mprotect) {
  against(PROT_READ, become_inaccessible, EPERM);
  against(PROT_READ, become_inaccessible_by_key, EPERM);
}
TEST(ServedSeal, refuses_munmap_also_by_its_number) {
  against(PROT_READ, vanish, EPERM);
  against(PROT_READ, vanish_by_number, EPERM);
}
TEST(ServedSeal, refuses_to_be_mapped_over) {
  against(PROT_READ, be_replaced, EPERM);
}
TEST(ServedSeal, refuses_mremap_from_it_and_onto_it) {
  against(PROT_READ, move, EPERM);
  against(PROT_READ, grow, EPERM);
  against(PROT_READ, be_moved_onto, EPERM);
}
TEST(ServedSeal, refuses_discarding_advice_where_writing_is_not_allowed) {
  against(PROT_READ, be_emptied, EPERM);
  against(PROT_READ, keep_from_children, EPERM);
}

TEST(ServedSeal, allows_discarding_advice_on_writable_memory_as_linux_does) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    char *sealed = map_pages(1);
    *sealed = 'x';
    CHILD_ASSERT_EQ(mseal(sealed, page, 0), 0);
    CHILD_ASSERT_EQ(madvise(sealed, page, MADV_DONTNEED), 0);
    CHILD_ASSERT_EQ(*sealed, 0);
  });
}

TEST(ServedSeal, refuses_a_call_that_covers_it_among_others_as_a_whole) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    char *three = map_pages(3);
    memset(three, 'x', 3 * page);
    CHILD_ASSERT_EQ(mseal(three + page, page, 0), 0);
    CHILD_ASSERT_EQ(error_of(mprotect(three, 3 * page, PROT_NONE)), EPERM);
    CHILD_ASSERT_EQ(three[0], 'x');
    CHILD_ASSERT_EQ(three[2 * page],
                    'x');  // mseal(2) itself leaves the first page changed
    CHILD_ASSERT_EQ(error_of(munmap(three, page)), 0);
  });
}

TEST(ServedSeal, cannot_lose_its_mark) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    char *sealed = map_pages(1);
    CHILD_ASSERT_EQ(mseal(sealed, page, 0), 0);
    for (int advice : {MADV_DODUMP, MADV_NORMAL, MADV_SEQUENTIAL}) {
      CHILD_ASSERT_EQ(madvise(sealed, page, advice), 0);
    }
    CHILD_ASSERT_EQ(error_of(munmap(sealed, page)), EPERM);
  });
}

TEST(ServedSeal, keeps_the_heap_from_shrinking_and_malloc_goes_on) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    char *low = static_cast<char *>(sbrk(0));
    low += -reinterpret_cast<unsigned long>(low) & (page - 1);
    CHILD_ASSERT_EQ(brk(low + 2 * page), 0);
    low[0] = 'x';
    CHILD_ASSERT_EQ(brk(low + page), 0);
    CHILD_ASSERT_EQ(brk(low + 2 * page),
                    0);  // twin: it shrinks and grows while nothing is sealed
    CHILD_ASSERT_EQ(mseal(low, 2 * page, 0), 0);
    brk(low);
    CHILD_ASSERT_EQ(low[0], 'x');
    CHILD_ASSERT_EQ(low[page], 0);
    void *block = malloc(4 * page);
    free(block);
    CHILD_ASSERT_NE(block, nullptr);
  });
}

TEST(ServedSeal, of_a_file_in_the_heap_keeps_it_from_shrinking) {  // S-35
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    int file = memfd_create("in the heap", 0);
    CHILD_ASSERT_EQ(ftruncate(file, page), 0);
    char *low = static_cast<char *>(sbrk(0));
    low += -reinterpret_cast<unsigned long>(low) & (page - 1);
    auto fill = [&] {
      CHILD_ASSERT_EQ(brk(low + 3 * page), 0);
      CHILD_ASSERT_EQ(
          mmap(low + page, page, rw, MAP_SHARED | MAP_FIXED, file, 0),
          low + page);
      low[page] = 'x';
    };
    fill();
    CHILD_ASSERT_EQ(brk(low), 0);
    CHILD_ASSERT_NE(msync(low + page, page, MS_ASYNC), 0);  // twin: it is gone
    fill();
    CHILD_ASSERT_EQ(mseal(low + page, page, 0), 0);
    for (char *to : {low, low + page, low + page + 1}) {
      brk(to);
      CHILD_ASSERT_EQ(msync(low + page, page, MS_ASYNC), 0);
    }
    CHILD_ASSERT_EQ(low[page], 'x');
  });
}

TEST(ServedSeal, refuses_discarding_advice_where_a_key_forbids_writing) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    int key = pkey_alloc(0, PKEY_DISABLE_WRITE);
    if (key < 0)
      CHILD_SKIP("this processor has no protection keys");
    char *sealed = map_pages(1), *twin = map_pages(1);
    *sealed = *twin = 'x';
    for (char *at : {sealed, twin})
      CHILD_ASSERT_EQ(pkey_mprotect(at, page, rw, key), 0);
    CHILD_ASSERT_EQ(mseal(sealed, page, 0), 0);
    CHILD_ASSERT_EQ(be_emptied(twin), 0);
    CHILD_ASSERT_EQ(*twin, 0);
    CHILD_ASSERT_EQ(be_emptied(sealed), EPERM);
    CHILD_ASSERT_EQ(*sealed, 'x');
  });
}

TEST(ServedSeal, of_shared_memory_cannot_be_detached_and_shmdt_says_success) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    int id = shmget(IPC_PRIVATE, page, IPC_CREAT | 0600);
    CHILD_ASSERT_GE(id, 0);
    char *twin = static_cast<char *>(shmat(id, nullptr, 0));
    char *sealed = static_cast<char *>(shmat(id, nullptr, 0));
    shmctl(id, IPC_RMID, nullptr);
    *sealed = 'x';
    CHILD_ASSERT_EQ(mseal(sealed, page, 0), 0);
    CHILD_ASSERT_EQ(shmdt(twin), 0);
    CHILD_ASSERT_NE(msync(twin, page, MS_ASYNC), 0);  // twin: it is gone
    CHILD_ASSERT_EQ(shmdt(sealed), 0);
    CHILD_ASSERT_EQ(*sealed, 'x');
  });
}

TEST(ServedSeal, of_a_part_of_shared_memory_keeps_it_attached) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    int id = shmget(IPC_PRIVATE, 2 * page, IPC_CREAT | 0600);
    char *at = static_cast<char *>(shmat(id, nullptr, 0));
    shmctl(id, IPC_RMID, nullptr);
    at[page] = 'x';
    CHILD_ASSERT_EQ(mseal(at + page, page, 0), 0);
    CHILD_ASSERT_EQ(shmdt(at), 0);
    CHILD_ASSERT_EQ(at[page], 'x');
  });
}

TEST(ServedSeal, refuses_to_grow_down_over_it) {
  setenv("MEMSEAL_PROVIDE", "always", 1);
  in_child([] {
    auto *at = static_cast<char *>(
        mmap(nullptr, 3 * page, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN,
             -1, 0));
    CHILD_ASSERT_EQ(mprotect(at + page, page, PROT_READ | PROT_GROWSDOWN), 0);
    CHILD_ASSERT_EQ(mprotect(at, 3 * page, rw), 0);
    CHILD_ASSERT_EQ(mseal(at, 2 * page, 0), 0);
    CHILD_ASSERT_EQ(
        error_of(mprotect(at + page, page, PROT_READ | PROT_GROWSDOWN)), EPERM);
    *at = 'x';  // still writable
  });
}

}  // namespace
}  // namespace memseal::test
