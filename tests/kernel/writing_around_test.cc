// SPDX-License-Identifier: Apache-2.0
// S-43 to S-47: ways to change bytes, not mappings. What is declared open in
// docs/threat-model.md is pinned as open: should a kernel close it, the
// document is out of date and these tests say so.
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(WritingAround);
MEMSEAL_FILTERING_ENGINES(FilteredWritingAround);

TEST_P(WritingAround, ThroughProcSelfMemIsOpen) {  // S-44
  Trial trial = attempt({GetParam(), Memory::relro}, [](const Area &a) {
    int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    long answer =
        pwrite(fd, "!", 1,
               static_cast<off_t>(reinterpret_cast<std::intptr_t>(a.at(1))));
    int error = errno;
    close(fd);
    errno = error;
    return answer;
  });
  ASSERT_TRUE(completed(trial));
  if (trial.control == -1)
    GTEST_SKIP() << "this kernel has proc_mem.force_override=never";
  EXPECT_TRUE(allowed(trial));
  EXPECT_FALSE(trial.bytes_same);
}

TEST_P(WritingAround, ByProcessVmWritevRespectsTheProtection) {  // S-46
  auto write = [](int index) {
    return [index](const Area &a) {
      char byte = '!';
      iovec from{&byte, 1}, to{a.at(index), 1};
      return static_cast<long>(
          process_vm_writev(getpid(), &from, 1, &to, 1, 0));
    };
  };
  EXPECT_TRUE(refused_by_kernel(
      attempt({GetParam(), Memory::anonymous_r}, write(1)), EFAULT));
  // The control: into memory that is writable by design it works.
  EXPECT_TRUE(allowed(attempt({GetParam(), Memory::anonymous_rw}, write(1))));
}

TEST_P(WritingAround, IntoTheBackingFileIsOpen) {  // S-47
  Trial trial = attempt({GetParam(), Memory::text}, [](const Area &a) {
    return pwrite(a.fd, "!", 1, static_cast<off_t>(page));
  });
  EXPECT_TRUE(allowed(trial));
  EXPECT_FALSE(trial.bytes_same);
}

TEST_P(WritingAround, ByTruncatingTheBackingFileIsOpen) {  // S-47
  Trial trial = attempt({GetParam(), Memory::text},
                        [](const Area &a) { return ftruncate(a.fd, 0); });
  EXPECT_TRUE(allowed(trial));
  EXPECT_TRUE(trial.maps_same);
  EXPECT_FALSE(trial.bytes_same);
}

/// Fills a page that was never touched. 0, or -1 with errno.
long fill_by_userfaultfd(void *at) {
  int fd = static_cast<int>(
      syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
  if (fd == -1)
    return -1;
  uffdio_api api{UFFD_API, 0, 0};
  auto target = reinterpret_cast<std::uintptr_t>(at);
  uffdio_register area{{target, page}, UFFDIO_REGISTER_MODE_MISSING, 0};
  alignas(page) static char bytes[page] = {'!'};
  uffdio_copy copy{target, reinterpret_cast<std::uintptr_t>(bytes), page, 0, 0};
  long answer =
      ioctl(fd, UFFDIO_API, &api) != 0 || ioctl(fd, UFFDIO_REGISTER, &area) != 0
          ? -1
          : ioctl(fd, UFFDIO_COPY, &copy);
  int error = errno;
  close(fd);
  errno = error;
  return answer;
}

/// Slot 5 was never touched; made readable, sealed and then filled. Returns the
/// errno of the last.
int fill_a_sealed_page(Engine engine, Level level) {
  Area twin = Area::create(Memory::anonymous_r),
       sealed = Area::create(Memory::anonymous_r);
  mprotect(twin.at(5), page, PROT_READ);
  mprotect(sealed.at(5), page, PROT_READ);
  if (fill_by_userfaultfd(twin.at(5)) != 0)
    CHILD_SKIP("userfaultfd is not to be had here");
  CHILD_ASSERT_EQ(harden(engine, level), 0);
  CHILD_ASSERT_EQ(seal_by(engine, sealed.at(5), page), 0);
  int error = fill_by_userfaultfd(sealed.at(5)) == 0 ? 0 : errno;
  CHILD_ASSERT_EQ(peek(sealed.at(5)), error == 0 ? '!' : '\0');
  return error;
}

TEST_P(WritingAround, ByUserfaultfdIsOpenBelowTheClosedLevel) {  // S-43
  // Where it is closed, docs/semantics.md S-43 may promise it.
  in_child([&] {
    CHILD_ASSERT_EQ(fill_a_sealed_page(GetParam(), Level::compatible), 0);
  });
}

TEST_P(FilteredWritingAround, ByUserfaultfdIsRefusedAtTheClosedLevel) {  // S-43
  in_child([&] {
    CHILD_ASSERT_EQ(fill_a_sealed_page(GetParam(), Level::closed), EPERM);
  });
}

TEST_P(FilteredWritingAround,
       ByTheDeviceOfUserfaultfdIsRefusedAtTheClosedLevel) {
  in_child([engine = GetParam()] {
    constexpr unsigned long ioc_new = 0xaa00;  // USERFAULTFD_IOC_NEW
    int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
    int made = ioctl(device, ioc_new, O_CLOEXEC);
    if (made == -1)
      CHILD_SKIP("there is no /dev/userfaultfd: Linux 6.1");
    CHILD_ASSERT_EQ(harden(engine, Level::closed), 0);
    CHILD_ASSERT_ERROR(ioctl(device, ioc_new, O_CLOEXEC), EPERM);
  });
}

/// A child seals and stops; another process pokes its read-only page.
void poke_sealed_page_of_child(Engine engine) {
  Area area = Area::create(Memory::relro);
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    CHILD_ASSERT_EQ(seal_by(engine, area.at(1), page), 0);
    raise(SIGSTOP);
    CHILD_ASSERT_EQ(*area.at(1), '!');
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHILD_ASSERT_TRUE(WIFSTOPPED(status));
  CHILD_ASSERT_EQ(ptrace(PTRACE_POKEDATA, child, area.at(1), '!'), 0);
  ptrace(PTRACE_CONT, child, nullptr, nullptr);
  waitpid(child, &status, 0);
  CHILD_ASSERT_EQ(status, 0);
}

TEST_P(WritingAround, ByPtraceFromOutsideIsOpen) {  // S-45
  in_child([&] { poke_sealed_page_of_child(GetParam()); });
}

TEST_P(FilteredWritingAround, ByPtraceInsideTheTreeIsRefusedAtTheClosedLevel) {
  in_child([engine = GetParam()] {
    auto trace_child = [] {
      pid_t child = fork();
      if (child == 0) {
        pause();
        _exit(0);
      }
      long answer = ptrace(PTRACE_SEIZE, child, nullptr, nullptr);
      int error = errno;
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
      return answer == 0 ? 0 : error;
    };
    if (trace_child() != 0)
      CHILD_SKIP("ptrace is not to be had here");
    CHILD_ASSERT_EQ(harden(engine, Level::closed), 0);
    CHILD_ASSERT_EQ(trace_child(), EPERM);
  });
}

}  // namespace
}  // namespace memseal::test
