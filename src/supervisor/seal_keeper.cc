// SPDX-License-Identifier: Apache-2.0
#include "supervisor/seal_keeper.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sys/served_mseal.h"
#include "vm/maps_parser.h"

namespace memseal::supervisor {
namespace {

constexpr std::size_t most_ranges = 65536;

// Linux 6.6; older headers and kernels do without.
// Source: Linux, include/uapi/linux/seccomp.h.
constexpr unsigned long notif_set_flags = _IOW('!', 4, std::uint64_t);
constexpr std::uint64_t sync_wake_up = 1;

Verdict answer(long value) {
  return {Verdict::Kind::answer, value};
}
constexpr Verdict proceed{};

/// The text of a file in /proc, empty if it cannot be read.
std::string read_file(const std::string &path) {
  std::string text;
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return text;
  char part[65536];
  ssize_t size;
  while ((size = read(fd, part, sizeof part)) > 0)
    text.append(part, static_cast<std::size_t>(size));
  close(fd);
  return text;
}

std::string proc(pid_t thread, const char *name) {
  return "/proc/" + std::to_string(thread) + "/" + name;
}

bool is_marked(std::string_view fields) {
  return find_vm_flag(fields, "dd") == KernelSeal::present &&
         find_vm_flag(fields, "rr") == KernelSeal::present;
}

/// A huge page's size if the descriptor is on hugetlbfs, else 0.
std::size_t huge_page_of(pid_t thread, int fd) {
  struct statfs about {};
  std::string path = proc(thread, "fd/") + std::to_string(fd);
  if (statfs(path.c_str(), &about) != 0 || about.f_type != HUGETLBFS_MAGIC)
    return 0;
  return static_cast<std::size_t>(about.f_bsize);
}

/// Calls `see` for every mapping with its smaps fields. Returns whether the
/// process could be looked into.
template <typename See>
bool for_each_mapping(pid_t thread, const char *file, std::size_t page,
                      See see) {
  std::string text = read_file(proc(thread, file));
  MapsParser parser(text, page);
  for (;;) {
    auto mapping = parser.next();
    if (!mapping)
      continue;  // one line that made no sense
    if (!*mapping)
      break;
    see(**mapping, parser.fields());
  }
  return !text.empty();
}

bool any_overlaps(const std::vector<PageRange> &ranges, PageRange range) {
  for (PageRange touched : ranges) {
    if (touched.overlaps(range))
      return true;
  }
  return false;
}

/// The kernel's own checks, in its order; 0 if there is something to seal.
/// Source: Linux 6.18, mm/mseal.c, do_mseal().
long check_arguments(const seccomp_data &data, std::size_t page,
                     std::uint64_t &begin, std::uint64_t &size) {
  begin = data.args[0];
  size = (data.args[1] + page - 1) & ~(page - 1);
  if (data.args[2] != 0 || (begin & (page - 1)) != 0)
    return -EINVAL;
  if (data.args[1] != 0 && size == 0)
    return -EINVAL;
  if (begin + size < begin)
    return -EINVAL;
  return 0;
}

}  // namespace

SealKeeper::SealKeeper(std::size_t page)
    : page_(page),
      storage_(most_ranges, *PageRange::create(0, page, page)),
      union_(storage_) {}

bool SealKeeper::ever_sealed(const std::vector<PageRange> &ranges) const {
  if (anywhere_)
    return true;
  for (PageRange range : ranges) {
    if (union_.overlaps(range))
      return true;
  }
  return false;
}

void SealKeeper::remember(PageRange range) {
  if (!union_.add(range))
    anywhere_ = true;
}

Verdict SealKeeper::judge_seal(const seccomp_data &data) {
  if (data.args[0] == sys::served_probe_address && data.args[1] == 0)
    return answer(sys::served_answer);
  std::uint64_t begin, size;
  if (long error = check_arguments(data, page_, begin, size))
    return answer(error);
  if (size == 0)
    return answer(0);
  auto range = PageRange::create(begin, size, page_);
  if (!range)
    return answer(-ENOMEM);  // up to 2^64: nothing is mapped there

  remember(*range);
  return answer(0);
}

Verdict SealKeeper::judge_change(pid_t thread, const MemoryCall &call) {
  std::vector<PageRange> ranges = call.ranges;
  if (call.file && !ranges.empty()) {
    std::size_t huge = huge_page_of(thread, *call.file);
    if (huge > page_) {
      if (auto wider =
              PageRange::covering(ranges[0].begin(), ranges[0].size(), huge))
        ranges.push_back(*wider);
    }
  }
  // shmdt names the begin of a segment, of which any part may be sealed.
  const bool detach = call.effect == Effect::detach;
  if (ranges.empty() || (!detach && !ever_sealed(ranges)))
    return proceed;

  bool sealed = false, discard_refused = false;
  Address heap_end = 0;
  bool readable = for_each_mapping(
      thread, "smaps", page_,
      [&](const Mapping &mapping, std::string_view fields) {
        if (mapping.name == "[heap]")
          heap_end = mapping.range.end();
        bool touched =
            detach ? mapping.range.begin() - mapping.offset == ranges[0].begin()
                   : any_overlaps(ranges, mapping.range);
        if (!touched || !is_marked(fields))
          return;
        if (call.effect == Effect::lower_break && mapping.name != "[heap]")
          return;
        sealed = true;
        if (mapping.sharing == Sharing::private_copy &&
            !mapping.protection.writable())
          discard_refused = true;
      });
  // Not ours to look into (PR_SET_DUMPABLE): what may be sealed is.
  if (!readable)
    return ever_sealed(ranges) ? answer(-EPERM) : proceed;
  if (!sealed)
    return proceed;
  switch (call.effect) {
    case Effect::discard:
      return discard_refused ? answer(-EPERM) : proceed;
    case Effect::lower_break:
      return answer(static_cast<long>(heap_end));
    case Effect::clear_mark:
    case Effect::detach:
      return answer(0);
    default:
      return answer(-EPERM);
  }
}

Verdict SealKeeper::judge(pid_t thread, const seccomp_data &data) {
  MemoryCall call = decode(data, page_);
  switch (call.effect) {
    case Effect::none:
      return proceed;
    case Effect::seal:
      return judge_seal(data);
    case Effect::unserved_seal:
      return answer(-ENOSYS);
    case Effect::refused:
      return answer(-EPERM);
    default:
      return judge_change(thread, call);
  }
}

bool SealKeeper::serve(int listener) {
  seccomp_notif_sizes sizes{};
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0)
    return false;
  ioctl(listener, notif_set_flags, sync_wake_up);
  std::vector<std::uint64_t> in(sizes.seccomp_notif / 8 + 1),
      out(sizes.seccomp_notif_resp / 8 + 1);
  auto *asked = reinterpret_cast<seccomp_notif *>(in.data());
  auto *reply = reinterpret_cast<seccomp_notif_resp *>(out.data());
  for (;;) {
    pollfd ready{listener, POLLIN, 0};
    if (poll(&ready, 1, -1) < 0 && errno != EINTR)
      return false;
    if ((ready.revents & POLLIN) == 0) {
      if ((ready.revents & (POLLHUP | POLLERR)) != 0)
        return true;
      continue;
    }
    in.assign(in.size(), 0);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, asked) != 0)
      continue;  // the caller was killed meanwhile
    Verdict verdict = judge(static_cast<pid_t>(asked->pid), asked->data);
    out.assign(out.size(), 0);
    reply->id = asked->id;
    if (verdict.kind == Verdict::Kind::proceed)
      reply->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    else if (verdict.value < 0 && verdict.value >= -4095)
      reply->error = static_cast<int>(verdict.value);
    else
      reply->val = verdict.value;
    // Fails if the caller is gone, with its process id: nothing was decided
    // for another.
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, reply);
  }
}

}  // namespace memseal::supervisor
