// SPDX-License-Identifier: Apache-2.0
#include "supervisor/hit_desk.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "process/proc_files.h"

namespace memseal::supervisor {
namespace {

// A hit is a conversation between two threads that wait for each other; the
// kernel may hand the processor over at once. Since Linux 6.6, and newer than
// the headers of the oldest Debian we build on; a kernel without it refuses.
// Source: Linux, include/uapi/linux/seccomp.h.
constexpr unsigned long set_flags = SECCOMP_IOW(4, std::uint64_t);
constexpr std::uint64_t sync_wake_up = 1;

}  // namespace

HitDesk::HitDesk(pid_t pid, std::vector<Guarded> guarded, OnViolation answer,
                 Tell tell)
    : verdict_(answer),
      tell_(std::move(tell)),
      image_(process::text_of(pid, "auxv")),
      witness_([guarded = std::move(guarded)](pid_t) { return guarded; }) {}

DeskCounts HitDesk::serve(int listener) {
  DeskCounts counts;
  (void)ioctl(listener, set_flags, sync_wake_up);
  for (;;) {
    pollfd waiting{listener, POLLIN, 0};
    if (poll(&waiting, 1, -1) < 0 && errno != EINTR)
      break;
    if ((waiting.revents & POLLIN) == 0) {
      if ((waiting.revents & (POLLHUP | POLLERR)) != 0)
        break;  // nobody has the filter any more
      continue;
    }
    seccomp_notif asked{};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
      continue;  // ENOENT: the thread was killed before we came
    pid_t tid = static_cast<pid_t>(asked.pid);
    bool stale = witness_.image_of(tid) != image_;
    Hit hit;
    if (!stale)
      hit = witness_.describe(tid, asked.data, 0);
    seccomp_notif_resp answer{};
    answer.id = asked.id;
    if (stale || verdict_ == OnViolation::permit)
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else
      answer.error = -EPERM;
    // What was read of the thread holds only if it is still the same one.
    bool there = ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &asked.id) == 0;
    ++(stale ? counts.stale : there ? counts.hits : counts.vanished);
    if (there && !stale)
      tell_(hit);
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  return counts;
}

}  // namespace memseal::supervisor
