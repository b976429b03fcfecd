// SPDX-License-Identifier: Apache-2.0
// mseal() and syscall(462, ...) for a program whose kernel has no mseal(2).
//
// This library is preloaded: its `mseal` and `syscall` stand before libc's for
// every object of the program, bound lazily or not, in every libc. (The
// loader's own symbol binding, la_symbind64, is not asked for BIND_NOW objects
// before glibc 2.35.) All but number 462 goes to the kernel as it came.
//
// The first call with something to seal starts a keeper: see
// supervisor/seal_keeper.h for the mechanism, docs/provide-mseal.md for what
// differs from Linux 6.18.
#include <linux/mman.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>
#include <cerrno>
#include <string_view>

#include "keeper/client.h"
#include "provide/arguments.h"
#include "provide/keeper.h"
#include "provide/setting.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::provide {
namespace {

using sys::call;

/// Who answers number 462; none: the tree has a keeper, which guards a zone
/// only, and takes no other. Once it is not `nobody` it stays, also over fork.
enum class Server : int { unknown, nobody, kernel, keeper, none };
std::atomic<Server> known{Server::unknown};
std::atomic_flag starting;

/// For tests: serve where the kernel could do it itself.
bool always() {
  const char *mode = setting("MEMSEAL_PROVIDE");
  return mode != nullptr && std::string_view(mode) == "always";
}

Server server() {
  Server now = known;
  if (now != Server::unknown)
    return now;
  now = Server::nobody;
  // One that permits everything serves, too: `memseal trace` is to see what a
  // sealed program would do.
  const keeper::KeeperHere here = keeper::keeper_here();
  if (here.presence != keeper::Presence::none && !here.zone.exists())
    now = Server::keeper;
  else if (!always() && sys::has_mseal())
    now = Server::kernel;
  else if (here.presence != keeper::Presence::none)
    now = Server::none;
  known = now;
  return now;
}

Result<void> ensure_keeper() {
  while (starting.test_and_set())
    sched_yield();
  Result<void> done;
  if (known != Server::keeper) {
    done = start_keeper();
    if (done)
      known = Server::keeper;
  }
  starting.clear();
  return done;
}

long serve(unsigned long begin, unsigned long length, unsigned long flags) {
  Server who = server();
  if (who == Server::kernel)
    return call(sys::nr_mseal, begin, length, flags).raw;
  if (who == Server::none || (who == Server::nobody && !keeper_possible()))
    return -ENOSYS;
  if (long error = check_arguments(begin, length, flags, sys::page_size()))
    return error;
  if (length == 0)
    return 0;
  // No keeper is started in vain. Source: msync(2), ENOMEM.
  if (call(SYS_msync, begin, length, MS_ASYNC).error() == ENOMEM)
    return -ENOMEM;
  if (who == Server::nobody) {
    if (auto ready = ensure_keeper(); !ready)
      return -ready.error().to_errno();
  }
  const unsigned long page = sys::page_size();
  auto range =
      PageRange::create(begin, (length + page - 1) & ~(page - 1), page);
  if (!range)
    return -ENOMEM;  // it ends at 2^64, where nothing is mapped
  auto sealed = keeper::SealBatch().seal(*range, keeper::Sealed::memory);
  if (sealed)
    return 0;
  Error error = sealed.error();
  return error.code == Errc::hole || error.sys_errno == EMFILE
             ? -ENOMEM
             : -error.to_errno();
}

}  // namespace
}  // namespace memseal::provide

#define EXPORTED extern "C" __attribute__((visibility("default"), used))
#define INTERNAL extern "C" __attribute__((visibility("hidden"), used))

INTERNAL long memseal_provide_failed(long answer) {
  errno = static_cast<int>(-answer);
  return -1;
}

EXPORTED int mseal(void *begin, std::size_t length, unsigned long flags) {
  long done = memseal::provide::serve(reinterpret_cast<unsigned long>(begin),
                                      length, flags);
  return done < 0 ? static_cast<int>(memseal_provide_failed(done)) : 0;
}

// Its first argument is the number that brought us here.
INTERNAL long memseal_provide_syscall(long, void *begin, std::size_t length,
                                      unsigned long flags) {
  return mseal(begin, length, flags);
}

// syscall(3) must not have a frame of its own: its caller may ask for a clone
// that returns on another stack.
#if defined(__x86_64__)
__asm__(R"(
    .text
    .globl syscall
    .type syscall, @function
syscall:
    endbr64
    cmpq $462, %rdi
    je memseal_provide_syscall
    movq %rdi, %rax
    movq %rsi, %rdi
    movq %rdx, %rsi
    movq %rcx, %rdx
    movq %r8, %r10
    movq %r9, %r8
    movq 8(%rsp), %r9
    syscall
    cmpq $-4095, %rax
    jae 1f
    ret
1:  movq %rax, %rdi
    jmp memseal_provide_failed
    .size syscall, . - syscall
)");
#else
__asm__(R"(
    .text
    .globl syscall
    .type syscall, %function
syscall:
    cmp x0, #462
    b.eq memseal_provide_syscall
    mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    mov x5, x6
    svc #0
    cmn x0, #4095
    b.cs memseal_provide_failed
    ret
    .size syscall, . - syscall
)");
#endif
