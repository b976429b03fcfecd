// SPDX-License-Identifier: Apache-2.0
#include "supervisor/thread_files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "process/proc_files.h"
#include "process/status.h"

namespace memseal::supervisor {
namespace {

constexpr std::size_t most_threads = 256;  // three descriptors each

int open_of(pid_t tid, const char *file) {
  return open(fmt::format("/proc/{}/{}", tid, file).c_str(),
              O_RDONLY | O_CLOEXEC);
}

std::string_view read_again(int fd, char (&bytes)[256]) {
  ssize_t size = pread(fd, bytes, sizeof bytes - 1, 0);
  bytes[size > 0 ? size : 0] = '\0';
  return {bytes, static_cast<std::size_t>(size > 0 ? size : 0)};
}

}  // namespace

// The number of the process is asked last: if the thread's number passes on
// meanwhile, `find` fails, and everything is opened anew.
ThreadFiles::ThreadFiles(pid_t tid)
    : tid_(tid),
      syscall_(open_of(tid, "syscall")),
      comm_(open_of(tid, "comm")),
      process_(process::parse_status(process::text_of(tid, "status")).process) {
}

ThreadFiles::~ThreadFiles() {
  if (syscall_ >= 0)
    close(syscall_);
  if (comm_ >= 0)
    close(comm_);
  if (memory_ >= 0)
    close(memory_);
}

// The vector itself cannot be kept open: it would go on telling of an image
// that is gone. pagemap tells nothing then (proc(5)).
const std::string &ThreadFiles::image() {
  std::uint64_t entry;
  if (memory_ >= 0 && pread(memory_, &entry, sizeof entry, 0) == sizeof entry)
    return image_;
  if (memory_ >= 0)
    close(memory_);
  // Opened first, read then: if the image ends in between, the next call knows.
  memory_ = open_of(tid_, "pagemap");
  image_ = process::text_of(tid_, "auxv");
  return image_;
}

bool ThreadFiles::find(ThreadPosition &place) const {
  char text[256];
  read_again(syscall_, text);
  // proc(5): number, six arguments, stack pointer, program counter.
  // NOLINTNEXTLINE(cert-err34-c): the kernel writes it, and both are counted.
  return std::sscanf(text, "%*d %*x %*x %*x %*x %*x %*x %lx %lx", &place.stack,
                     &place.counter) == 2;
}

std::string ThreadFiles::name() const {
  char text[256];
  std::string_view told = read_again(comm_, text);
  if (told.ends_with('\n'))
    told.remove_suffix(1);
  return std::string(told);
}

ThreadFiles &ThreadTable::of(pid_t tid, ThreadPosition &place) {
  place = {};
  if (threads_.size() >= most_threads && !threads_.contains(tid))
    threads_.clear();
  auto [at, is_new] = threads_.try_emplace(tid, tid);
  if (!at->second.find(place) && !is_new) {
    threads_.erase(at);
    at = threads_.try_emplace(tid, tid).first;
    at->second.find(place);
  }
  return at->second;
}

}  // namespace memseal::supervisor
