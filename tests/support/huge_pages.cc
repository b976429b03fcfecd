// SPDX-License-Identifier: Apache-2.0
#include "support/huge_pages.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace memseal::test {
namespace {

// The default size is 2 MiB on both architectures, with small pages of 4 KiB.
constexpr const char *setting_file = "/proc/sys/vm/nr_hugepages",
                     *free_file =
                         "/sys/kernel/mm/hugepages/"
                         "hugepages-2048kB/free_hugepages";

long number_in(int fd) {
  char text[32] = {};
  if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
    return -1;
  return std::atol(text);
}

bool write_number(int fd, long number) {
  std::string text = std::to_string(number);
  return pwrite(fd, text.data(), text.size(), 0) ==
         static_cast<ssize_t>(text.size());
}

long free_now() {
  int fd = open(free_file, O_RDONLY | O_CLOEXEC);
  long number = fd == -1 ? -1 : number_in(fd);
  close(fd);
  return number;
}

}  // namespace

FreeHugePages::FreeHugePages(long wanted) {
  setting_ = open(setting_file, O_RDWR | O_CLOEXEC);
  if (setting_ == -1) {
    missing_ = "no huge pages: no right to ask for them, or no such kernel";
    return;
  }
  flock(setting_, LOCK_EX);
  before_ = number_in(setting_);
  long lacking = wanted - free_now();
  if (lacking > 0)
    write_number(setting_, before_ + lacking);
  if (free_now() < wanted)
    missing_ = "no huge pages: this machine has no memory for them";
}

FreeHugePages::~FreeHugePages() {
  if (before_ >= 0)
    write_number(setting_, before_);
  close(setting_);
}

char *map_huge_page(char letter) {
  void *at = mmap(nullptr, huge_page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
  if (at == MAP_FAILED)
    return nullptr;
  std::memset(at, letter, huge_page);
  return static_cast<char *>(at);
}

char *aligned_pages(std::size_t size) {
  void *at = mmap(nullptr, size + huge_page, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED)
    std::abort();
  auto up = (reinterpret_cast<std::uintptr_t>(at) + huge_page - 1) & -huge_page;
  return reinterpret_cast<char *>(up);
}

}  // namespace memseal::test
