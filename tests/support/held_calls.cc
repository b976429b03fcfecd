// SPDX-License-Identifier: Apache-2.0
#include "support/held_calls.h"

#include <linux/filter.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "support/in_child.h"

namespace memseal::test {
namespace {

// Older headers lack it. Linux 5.19.
constexpr unsigned wait_killable_recv = 1u << 5;

int install(std::initializer_list<long> numbers) {
  std::vector<sock_filter> code = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (long number : numbers) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                            static_cast<std::uint32_t>(number), 0, 1));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog program = {static_cast<unsigned short>(code.size()), code.data()};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
              SECCOMP_FILTER_FLAG_NEW_LISTENER | wait_killable_recv, &program));
}

}  // namespace

std::string HeldCalls::missing() {
  if (in_child([] { return install({SYS_getppid}) < 0 ? 1 : 0; }) != 0)
    return "no listener whose callers take no signal (Linux 5.19)";
  return "";
}

HeldCalls::HeldCalls(std::initializer_list<long> numbers, Judge judge)
    : judge_(std::move(judge)) {
  // Made before the filter, and so not under it.
  std::thread([this] {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return listener_ != -1; });
    lock.unlock();
    serve();
  }).detach();
  std::unique_lock lock(mutex_);
  listener_ = install(numbers);
  if (listener_ < 0)
    std::abort();
  changed_.notify_all();
}

void HeldCalls::serve() {
  for (;;) {
    seccomp_notif call{};
    if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
      if (errno == EINTR || errno == ENOENT)
        continue;
      return;
    }
    if (judge_(call) == ReturnValue::go_on) {
      go_on(call.id);
      continue;
    }
    std::lock_guard lock(mutex_);
    held_.push_back(call.id);
    changed_.notify_all();
  }
}

void HeldCalls::go_on(std::uint64_t id) const {
  seccomp_notif_resp answer{};
  answer.id = id;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

void HeldCalls::wait_until_held(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return held_.size() >= count; });
}

void HeldCalls::let_go() {
  std::lock_guard lock(mutex_);
  for (std::uint64_t id : held_)
    go_on(id);
  held_.clear();
}

}  // namespace memseal::test
