// SPDX-License-Identifier: Apache-2.0
// What is known of a page, also where the kernel cannot be asked directly.
#include "sys/page_state.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

#include "support/in_child.h"
#include "sys/memory.h"
#include "sys/seccomp.h"

namespace memseal::test {
namespace {

Address page_with(int protection) {
  void *at = mmap(nullptr, sys::page_size(), protection,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHILD_ASSERT_NE(at, MAP_FAILED);
  return reinterpret_cast<Address>(at);
}

void check_writability() {
  using sys::Writability;
  CHILD_ASSERT_TRUE(sys::writability(page_with(PROT_READ | PROT_WRITE)) ==
                    Writability::writable);
  for (int protection : {PROT_READ, PROT_READ | PROT_EXEC, PROT_NONE})
    CHILD_ASSERT_TRUE(sys::writability(page_with(protection)) ==
                      Writability::read_only);
}

TEST(PageState, tells_whether_a_page_can_be_written_to) {
  in_child(check_writability);
}

// As before Linux 5.14.
TEST(PageState, tells_it_where_the_kernel_knows_no_such_advice) {
  in_child([] {
    constexpr unsigned advice = 23;  // MADV_POPULATE_WRITE
    const sock_filter code[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, SYS_madvise},
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, args) + 16},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, advice},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EINVAL},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    CHILD_ASSERT_TRUE(sys::install_filter(code).has_value());
    CHILD_ASSERT_EQ(madvise(nullptr, 0, advice), -1);
    check_writability();
  });
}

}  // namespace
}  // namespace memseal::test
