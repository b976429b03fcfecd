// SPDX-License-Identifier: Apache-2.0
#include "supervisor/notification_loop.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <vector>

#include "sys/memory.h"

namespace memseal::supervisor {
namespace {

// A notification is a conversation between two threads that wait for each
// other; the kernel may hand the processor over at once. Since Linux 6.6, and
// newer than the headers of the oldest Debian we build on; a kernel without it
// refuses. Source: Linux, include/uapi/linux/seccomp.h.
constexpr unsigned long notif_set_flags = _IOW('!', 4, std::uint64_t);
constexpr std::uint64_t sync_wake_up = 1;

/// A kernel newer than our headers may write more than they say: it tells how
/// much. Source: seccomp(2), SECCOMP_GET_NOTIF_SIZES.
template <typename T>
class Message {
public:
  explicit Message(std::size_t kernel_size)
      : words_(std::max(kernel_size, sizeof(T)) / sizeof(std::uint64_t) + 1) {}
  /// All zeros: the kernel wants it so.
  T &fresh() {
    words_.assign(words_.size(), 0);
    return *reinterpret_cast<T *>(words_.data());
  }

private:
  std::vector<std::uint64_t> words_;
};

enum class Next : std::uint8_t { notification, end, failure };

Next wait_for_next(int listener) {
  for (;;) {
    pollfd ready{listener, POLLIN, 0};
    if (poll(&ready, 1, -1) < 0) {
      if (errno == EINTR)
        continue;
      return Next::failure;
    }
    if ((ready.revents & POLLIN) != 0)
      return Next::notification;
    if ((ready.revents & (POLLHUP | POLLERR)) != 0)
      return Next::end;  // nobody has the filter any more
  }
}

/// Processor time of this process, in nanoseconds.
std::uint64_t time_used() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

bool answer_notifications(int listener, Judge &judge, ViolationWatch *watch,
                          std::uint64_t turn) {
  seccomp_notif_sizes sizes{};
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
    return false;
  static_cast<void>(ioctl(listener, notif_set_flags, sync_wake_up));
  Message<seccomp_notif> in(sizes.seccomp_notif);
  Message<seccomp_notif_resp> out(sizes.seccomp_notif_resp);
  Next next;
  while ((next = wait_for_next(listener)) == Next::notification) {
    seccomp_notif &asked = in.fresh();
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
      continue;  // the thread was killed meanwhile
    const auto thread = static_cast<pid_t>(asked.pid);
    MemoryCall call;
    Verdict verdict = decide(judge, thread, asked.data, sys::page_size(), call);
    if (verdict.violation && watch != nullptr)
      verdict = watch->take(thread, asked.data, call, verdict, [&] {
        return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &asked.id) == 0;
      });
    seccomp_notif_resp &response = out.fresh();
    response.id = asked.id;
    encode(verdict, response);
    // Fails if the thread is gone, with its number: nothing was decided for
    // another.
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    if (turn != 0 && time_used() >= turn && fork() > 0)
      _exit(0);
  }
  return next == Next::end;
}

}  // namespace memseal::supervisor
