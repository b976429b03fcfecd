// SPDX-License-Identifier: Apache-2.0
#include "sys/threads.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <atomic>
#include <cstring>
#include <string_view>

#include "sys/kernel_version.h"
#include "sys/proc_text.h"
#include "sys/syscall.h"

namespace memseal::sys {
namespace {

/// linux_dirent64 of getdents64(2): d_reclen is at byte 16, the name at 19.
constexpr std::size_t reclen_at = 16, name_at = 19;

/// The number that the text is; nothing if it is more, or something else.
std::optional<int> number_of(std::string_view text) {
  if (text.empty())
    return {};
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9')
      return {};
    value = value * 10 + (c - '0');
  }
  return value;
}

/// "/proc/self/task/TID/LEAF"
struct TaskPath {
  char text[64];
  TaskPath(int tid, std::string_view leaf) {
    char digits[12];
    char *first = digits + sizeof digits;
    do
      *--first = static_cast<char>('0' + tid % 10);
    while ((tid /= 10) != 0);
    char *out = text;
    for (std::string_view part :
         {std::string_view("/proc/self/task/"),
          std::string_view(first, digits + sizeof digits - first),
          std::string_view("/"), leaf})
      for (char c : part)
        *out++ = c;
    *out = '\0';
  }
};

SignalSet hexadecimal(std::string_view digits) {
  SignalSet value = 0;
  for (char c : digits) {
    unsigned digit = c <= '9' ? c - '0' : c - 'a' + 10;
    value = value << 4 | digit;
  }
  return value;
}

bool is_gone(int sys_errno) {
  return sys_errno == ENOENT || sys_errno == ESRCH;
}

}  // namespace

AddressSpaceSharers address_space_sharers() {
  switch (call(SYS_unshare, CLONE_VM).error()) {
    case 0:
      return AddressSpaceSharers::none;
    case EINVAL:
      return AddressSpaceSharers::some;
    default:
      return AddressSpaceSharers::unknown;
  }
}

int current_thread() {
  return static_cast<int>(call(SYS_gettid).raw);
}

bool proc_has_our_ids() {
  MEMSEAL_LARGE_LOCAL std::array<char, 4096> buffer;
  auto text = read_proc("/proc/thread-self/status", buffer);
  if (!text)  // before Linux 3.17
    text = read_proc(TaskPath(current_thread(), "status").text, buffer);
  if (!text)
    return false;
  std::string_view ids = status_field(*text, "NSpid");
  if (ids.empty())
    ids = status_field(*text, "Pid");
  return number_of(ids) == current_thread();
}

Result<IdList> IdList::open(const char *path) {
  long fd = MEMSEAL_TRY(result(
      call(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  return IdList(static_cast<int>(fd));
}

IdList::~IdList() {
  if (fd_ >= 0)
    call(SYS_close, fd_);
}

Result<std::optional<int>> IdList::next() {
  for (;;) {
    if (begin_ == end_) {
      long got = MEMSEAL_TRY(
          result(call(SYS_getdents64, fd_, buffer_.data(), buffer_.size())));
      begin_ = 0;
      end_ = static_cast<std::size_t>(got);
      if (end_ == 0)
        return std::nullopt;
    }
    const char *entry = buffer_.data() + begin_;
    std::uint16_t size;
    std::memcpy(&size, entry + reclen_at, sizeof size);
    begin_ += size;
    if (auto tid = number_of(entry + name_at))
      return tid;
  }
}

Result<void> IdList::rewind() {
  begin_ = end_ = 0;
  MEMSEAL_TRY(result(call(SYS_lseek, fd_, 0, SEEK_SET)));
  return {};
}

Result<ThreadList> ThreadList::open() {
  return ThreadList(MEMSEAL_TRY(IdList::open("/proc/self/task")));
}

Result<std::size_t> ThreadList::thread_count() const {
  // A task directory has one link for each thread beside its own two (Linux,
  // fs/proc/base.c, proc_task_getattr).
  struct statx told = {};
  MEMSEAL_TRY(
      result(call(SYS_statx, fd_, "", AT_EMPTY_PATH, STATX_NLINK, &told)));
  return told.stx_nlink - 2;
}

namespace {

/// Compares what is at one address here and there: a number that nobody else
/// has, put there for this. For where kcmp(2) is not to be had.
bool has_our_number(int pid) {
  std::atomic<std::uint64_t> here{0};
  call(SYS_getrandom, &here, sizeof here, 0);
  std::uint64_t there = 0;
  iovec to{&there, sizeof there}, from{&here, sizeof here};
  ReturnValue read = call(SYS_process_vm_readv, pid, &to, 1, &from, 1, 0);
  return read.raw == sizeof there && there == here && there != 0;
}

bool shares_memory_with(int self, int pid) {
  constexpr int kcmp_vm = 1;
  ReturnValue compared = call(SYS_kcmp, self, pid, kcmp_vm, 0, 0);
  if (compared.failed() && compared.error() != ESRCH)
    return has_our_number(pid);
  return compared.raw == 0;
}

}  // namespace

bool shares_memory_with_process() {
  const int self = static_cast<int>(call(SYS_getpid).raw);
  auto processes = IdList::open("/proc");
  if (!processes)
    return false;
  for (;;) {
    auto pid = processes->next();
    if (!pid || !*pid)
      return false;
    if (**pid != self && shares_memory_with(self, **pid))
      return true;
  }
}

Result<ThreadState> thread_state(int tid) {
  MEMSEAL_LARGE_LOCAL std::array<char, 4096> buffer;
  auto text = read_proc(TaskPath(tid, "status").text, buffer);
  if (!text) {
    if (is_gone(text.error().sys_errno))
      return ThreadState{
          .ended = true, .runs = false, .blocked = 0, .pending = 0};
    return std::unexpected(text.error());
  }
  std::string_view state = status_field(*text, "State");
  std::string_view blocked = status_field(*text, "SigBlk");
  std::string_view pending = status_field(*text, "SigPnd");
  if (state.empty() || blocked.empty() || pending.empty())
    return fail(Errc::malformed);
  return ThreadState{.ended = state[0] == 'Z' || state[0] == 'X',
                     .runs = state[0] == 'R',
                     .blocked = hexadecimal(blocked),
                     .pending = hexadecimal(pending)};
}

namespace {

/// A field of /proc/PID/task/TID/stat by the number that proc(5) gives it, from
/// 4 on; nothing if the thread is gone or /proc does not say.
std::optional<std::uint64_t> stat_field(int tid, int number) {
  return read_stat_field(TaskPath(tid, "stat").text, number);
}

constexpr std::uint64_t pf_io_worker = 0x10;
/// Before Linux 5.17 the bit meant something else: PF_USED_ASYNC.
constexpr std::uint64_t pf_user_worker = 0x4000;

/// The PF_ flags.
std::optional<std::uint64_t> flags_of(int tid) {
  return stat_field(tid, 9);
}

}  // namespace

bool is_ring_worker(int tid) {
  return (flags_of(tid).value_or(0) & pf_io_worker) != 0;
}

bool is_kernel_worker(int tid) {
  std::uint64_t flags = flags_of(tid).value_or(0);
  if ((flags & pf_io_worker) != 0)
    return true;
  return (flags & pf_user_worker) != 0 && kernel_is_at_least(6, 4);
}

bool is_ending(int tid) {
  constexpr std::uint64_t pf_exiting = 0x4;
  if (auto flags = flags_of(tid))
    return (*flags & pf_exiting) != 0;
  auto state = thread_state(tid);
  return state && state->ended;
}

BootTicks now_in_ticks() {
  constexpr int clock_boottime = 7;
  constexpr std::uint64_t ticks_a_second = 100;  // USER_HZ
  constexpr std::uint64_t nanoseconds_a_tick = 1'000'000'000 / ticks_a_second;
  __kernel_timespec now{};
  if (call(SYS_clock_gettime, clock_boottime, &now).failed())
    return ~BootTicks{0};
  return static_cast<std::uint64_t>(now.tv_sec) * ticks_a_second +
         static_cast<std::uint64_t>(now.tv_nsec) / nanoseconds_a_tick;
}

std::optional<std::uint64_t> ticks_on_processor(int tid) {
  auto user = stat_field(tid, 14), system = stat_field(tid, 15);
  if (!user || !system)
    return {};
  return *user + *system;
}

bool began_after(int tid, BootTicks moment) {
  auto began = stat_field(tid, 22);
  if (began)
    return *began > moment;
  auto state = thread_state(tid);
  return state && state->ended;
}

std::optional<long> sleeping_in_call(int tid) {
  std::array<char, 256> buffer;
  auto text = read_proc(TaskPath(tid, "syscall").text, buffer);
  if (!text || text->empty())
    return {};
  if ((*text)[0] == '-')
    return -1;
  auto number = leading_number(*text);
  if (!number)
    return {};  // "running"
  return static_cast<long>(*number);
}

}  // namespace memseal::sys
