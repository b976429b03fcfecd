// SPDX-License-Identifier: Apache-2.0
// What /proc tells of a thread that waits for us, again and again.
//
// Looking a file of /proc up costs ten times as much as reading it, so files
// are kept open. Such a descriptor means the thread it was opened for, whatever
// becomes of the number: once that thread is gone, reading fails (ESRCH).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace memseal::supervisor {

/// Where a thread is that waits in a call.
struct ThreadPosition {
  std::uint64_t counter = 0, stack = 0;
};

class ThreadFiles {
public:
  explicit ThreadFiles(pid_t tid);
  ~ThreadFiles();
  ThreadFiles(const ThreadFiles &) = delete;
  ThreadFiles &operator=(const ThreadFiles &) = delete;

  /// False if the thread does not wait in a call, or is gone.
  bool find(ThreadPosition &place) const;
  /// Any bytes.
  std::string name() const;
  pid_t process() const { return process_; }
  /// The auxiliary vector of the image that the thread runs: its addresses are
  /// drawn at each exec, and inherited by fork.
  const std::string &image();

private:
  pid_t tid_;
  int syscall_, comm_;
  pid_t process_;
  int memory_ = -1;  ///< pagemap: of the memory there was when it was opened
  std::string image_;
};

/// The files of the threads that called last, a bounded number of them.
class ThreadTable {
public:
  /// Those of a thread that waits for us, and where it is. Never null; opened
  /// anew if the number has passed on to another thread.
  ThreadFiles &of(pid_t tid, ThreadPosition &place);

private:
  std::map<pid_t, ThreadFiles> threads_;
};

}  // namespace memseal::supervisor
