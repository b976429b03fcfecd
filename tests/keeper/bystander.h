// SPDX-License-Identifier: Apache-2.0
// A process for the keeper to judge: it does what it is told, one word at a
// time, and makes none of the calls that are judged.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "supervisor/seal_keeper.h"

namespace memseal::test {

inline constexpr std::size_t page = 4096;

/// Where the bystanders' pages are, 16 of them, each a mapping of its own.
/// The kernel puts nothing there of its own accord.
inline constexpr std::uintptr_t pages_at = 0x200000000000;
inline constexpr std::size_t page_count = 16;
inline std::uintptr_t page_at(std::size_t i) {
  return pages_at + 2 * i * page;
}

/// Maps them in the caller. Returns whether that was possible.
bool map_the_pages();
/// Makes the caller a user without privileges, whose children may be looked
/// into until they hide. Returns whether it is one.
bool become_unprivileged();

class Bystander {
public:
  /// A copy of the caller.
  static Bystander forked();
  /// A program of its own, which has mapped the pages.
  static Bystander executed();

  Bystander(const Bystander &) = delete;
  Bystander &operator=(const Bystander &) = delete;
  ~Bystander();

  pid_t pid() const { return pid_; }
  /// It lets nobody look into it any more.
  void hide() { tell('h'); }
  /// What stands for its image is taken from it.
  void lose_identity() { tell('l'); }
  /// It becomes another image, which has mapped the pages.
  void execute() { tell('e'); }

private:
  Bystander(pid_t pid, int commands, int answers);
  static Bystander start(bool executed);
  void tell(char command);
  void wait_until_ready();

  pid_t pid_;
  int commands_, answers_;
};

/// The keeper's verdict over a system call of the process.
supervisor::Verdict judge(supervisor::SealKeeper &keeper, pid_t process,
                          long number, std::uint64_t a0 = 0,
                          std::uint64_t a1 = 0, std::uint64_t a2 = 0,
                          std::uint64_t a3 = 0, std::uint64_t a4 = 0,
                          std::uint64_t a5 = 0);

/// Whether the verdict over an mprotect of the page is EPERM; the only other
/// one is to let it go on.
bool refuses(supervisor::SealKeeper &keeper, pid_t process, std::size_t i);

/// The process says that its image is new. Returns whether it was answered.
bool announce(supervisor::SealKeeper &keeper, pid_t process);
/// The process asks for a seal on the page, as part of an object.
long seal_object(supervisor::SealKeeper &keeper, pid_t process, std::size_t i);
/// The caller asks for the same, for itself, and gets a page that stands for
/// its image, which its forks will have.
bool seal_own_object(supervisor::SealKeeper &keeper, std::size_t i);
/// The same for memory of any kind, with the end of the heap where it says.
long seal_memory(supervisor::SealKeeper &keeper, pid_t process, std::size_t i,
                 std::uint64_t heap_end);

}  // namespace memseal::test
