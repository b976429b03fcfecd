// SPDX-License-Identifier: Apache-2.0
// What the wrappers of sys/ say of the kernel they run on. The matrix runs
// these on kernels with and without mseal(2), and on both architectures.
#include <elf.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "support/in_child.h"
#include "sys/auxiliary_vector.h"
#include "sys/memory.h"
#include "sys/syscall.h"
#include "sys/threads.h"
#include "sys/vvar.h"

namespace memseal {
namespace {

bool kernel_is_at_least(int major, int minor) {
  utsname name{};
  int its_major = 0, its_minor = 0;
  if (uname(&name) != 0 ||
      std::sscanf(name.release, "%d.%d", &its_major, &its_minor) != 2)
    return false;
  return its_major > major || (its_major == major && its_minor >= minor);
}

PageRange one_page() {
  return *sys::map_anonymous(sys::page_size());
}

TEST(Calls, the_auxiliary_vector_is_the_c_librarys) {
  EXPECT_EQ(sys::auxiliary_value(AT_PAGESZ), getauxval(AT_PAGESZ));
  EXPECT_EQ(sys::auxiliary_value(AT_SYSINFO_EHDR), getauxval(AT_SYSINFO_EHDR));
  EXPECT_EQ(sys::auxiliary_value(0x7fff), 0u);  // no such entry
}

TEST(Calls, a_failure_is_a_value_and_leaves_errno_alone) {
  errno = 0;
  EXPECT_EQ(sys::call(SYS_close, -1).error(), EBADF);
  EXPECT_EQ(errno, 0);
  EXPECT_EQ(sys::call(SYS_getpid).raw, getpid());
}

TEST(Calls, all_six_arguments_arrive) {
  char path[] = "/tmp/memseal-calls-XXXXXX";
  int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  unlink(path);
  long page = static_cast<long>(sys::page_size());
  ASSERT_EQ(ftruncate(fd, 2 * page), 0);
  ASSERT_EQ(pwrite(fd, "x", 1, page), 1);

  // mmap takes six; the last, the offset, chooses the page.
  Result<long> at = sys::result(
      sys::call(SYS_mmap, 0, page, PROT_READ, MAP_SHARED, fd, page));
  ASSERT_TRUE(at.has_value());
  EXPECT_EQ(*reinterpret_cast<char *>(*at), 'x');
  close(fd);
}

/// From the first mapping named [vvar… to the vdso, as maps tells.
PageRange vvar_of_maps(Address vdso) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("[vvar") != std::string::npos) {
      Address begin = std::stoull(line, nullptr, 16);
      return *PageRange::create(begin, vdso - begin, sys::page_size());
    }
  }
  std::abort();
}

TEST(Calls, vvar_is_found_by_advice_as_by_maps) {
  Address vdso = getauxval(AT_SYSINFO_EHDR);
  PageRange vvar = vvar_of_maps(vdso);
  using enum sys::VvarSearch;
  EXPECT_EQ(sys::find_vvar(vdso, by_maps), vvar);
  EXPECT_EQ(sys::find_vvar(vdso, by_advice), vvar);
  // A page right below it, where there was none, is not the kernel's.
  test::in_child([=] {
    void *below = reinterpret_cast<void *>(vvar.begin() - sys::page_size());
    if (mmap(below, sys::page_size(), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != below)
      CHILD_ASSERT_EQ(errno, EEXIST);
    CHILD_ASSERT_EQ(sys::find_vvar(vdso, by_maps), vvar);
    CHILD_ASSERT_EQ(sys::find_vvar(vdso, by_advice), vvar);
  });
}

TEST(Calls, protection_can_be_taken_and_given_back) {
  PageRange range = one_page();
  ASSERT_TRUE(sys::protect(range, Protection{Protection::read}).has_value());
  ASSERT_TRUE(
      sys::protect(range, Protection{Protection::read | Protection::write})
          .has_value());
  *reinterpret_cast<volatile char *>(range.begin()) = 1;
  ASSERT_TRUE(sys::unmap(range).has_value());
  EXPECT_EQ(sys::protect(range, Protection{Protection::read}),
            std::unexpected(Error{Errc::system, ENOMEM}));
}

class Thread {
public:
  Thread()
      : thread_([this] {
          tid_ = sys::current_thread();
          tid_.notify_one();
          end_.wait(false);
        }) {
    tid_.wait(0);
  }
  ~Thread() { finish(); }
  int tid() const { return tid_; }
  void finish() {
    if (!thread_.joinable())
      return;
    end_ = true;
    end_.notify_one();
    thread_.join();
  }

private:
  std::atomic<int> tid_{0};
  std::atomic<bool> end_{false};
  std::thread thread_;
};

TEST(Threads, are_told_apart_by_when_they_began) {
  Thread older;
  sys::BootTicks now = sys::now_in_ticks();
  while (sys::now_in_ticks() <= now)
    usleep(1000);
  Thread younger;
  EXPECT_FALSE(sys::began_after(older.tid(), now));
  EXPECT_TRUE(sys::began_after(younger.tid(), now));
}

TEST(Threads, that_began_in_the_same_tick_may_be_older) {
  Thread one;
  EXPECT_FALSE(sys::began_after(one.tid(), sys::now_in_ticks()));
}

TEST(Threads, that_are_gone_count_as_begun_after) {
  Thread gone;
  int tid = gone.tid();
  sys::BootTicks now = sys::now_in_ticks();
  EXPECT_FALSE(sys::began_after(tid, now));
  gone.finish();
  while (*sys::ThreadList::open()->thread_count() > 1)  // until it is reaped
    usleep(1000);
  EXPECT_TRUE(sys::began_after(tid, now));
}

// Source: Linux, userspace-api/mseal.rst; the call came with 6.10.
TEST(Calls, mseal_is_there_since_linux_6_10) {
  EXPECT_EQ(sys::has_mseal(), kernel_is_at_least(6, 10));
}

TEST(Calls, without_mseal_the_wrapper_says_enosys_and_seals_nothing) {
  if (sys::has_mseal())
    GTEST_SKIP() << "needs a kernel without mseal(2): Linux < 6.10";
  PageRange range = one_page();
  EXPECT_EQ(sys::mseal(range), std::unexpected(Error{Errc::system, ENOSYS}));
  EXPECT_TRUE(sys::unmap(range).has_value());
}

TEST(Calls, a_sealed_page_refuses_mprotect_its_unsealed_twin_does_not) {
  if (!sys::has_mseal())
    GTEST_SKIP() << "needs mseal(2): Linux 6.10";
  test::in_child([] {
    PageRange sealed = one_page(), twin = one_page();
    CHILD_ASSERT_TRUE(sys::mseal(sealed));
    CHILD_ASSERT_TRUE(sys::protect(twin, Protection{0}));
    CHILD_ASSERT_EQ(sys::protect(sealed, Protection{0}),
                    std::unexpected(Error{Errc::system, EPERM}));
    // Still writable: the refusal changed nothing.
    *reinterpret_cast<volatile char *>(sealed.begin()) = 1;
  });
}

}  // namespace
}  // namespace memseal
