// SPDX-License-Identifier: Apache-2.0
#include "supervisor/seal_keeper.h"

#include <linux/magic.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "keeper/protocol.h"
#include "process/marked_mappings.h"

namespace memseal::supervisor {
namespace {

constexpr std::size_t most_ranges = 65536;

// Linux 6.6; older headers and kernels do without.
// Source: Linux, include/uapi/linux/seccomp.h.
constexpr unsigned long notif_set_flags = _IOW('!', 4, std::uint64_t);
constexpr std::uint64_t sync_wake_up = 1;

Verdict answer(long value) {
  return {.kind = Verdict::Kind::answer, .value = value};
}
Verdict refusal(long value, const SealedImage *image) {
  return {.kind = Verdict::Kind::answer,
          .value = value,
          .hit = true,
          .version = image != nullptr ? image->version : 0};
}
constexpr Verdict proceed{};

/// A huge page's size if the descriptor is on hugetlbfs, else 0.
std::size_t huge_page_of(pid_t thread, int fd) {
  struct statfs about {};
  std::string path =
      "/proc/" + std::to_string(thread) + "/fd/" + std::to_string(fd);
  if (statfs(path.c_str(), &about) != 0 || about.f_type != HUGETLBFS_MAGIC)
    return 0;
  return static_cast<std::size_t>(about.f_bsize);
}

bool any_overlaps(const std::vector<PageRange> &ranges, PageRange range) {
  for (PageRange touched : ranges) {
    if (touched.overlaps(range))
      return true;
  }
  return false;
}

/// Whether the call may touch a mark of this image. shmdt names the begin of a
/// segment, of which any part may be sealed; brk has the heap alone in mind.
bool may_hit(const SealedImage &image, const std::vector<PageRange> &ranges,
             Effect effect) {
  if (effect == Effect::detach)
    return !image.ranges.empty();
  std::size_t first = effect == Effect::lower_break ? image.outside_heap : 0;
  for (std::size_t i = first; i < image.ranges.size(); ++i) {
    if (any_overlaps(ranges, image.ranges[i]))
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
      union_(storage_),
      images_(page) {}

SealKeeper::SealKeeper(std::size_t page, Watch watch) : SealKeeper(page) {
  witness_.emplace(watch.survey);
  watch_ = std::move(watch);
}

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

Verdict SealKeeper::judge_seal(pid_t thread, const seccomp_data &data) {
  if (data.args[0] == keeper::served_probe_address && data.args[1] == 0)
    return answer(keeper::served_answer);
  std::uint64_t begin, size;
  if (long error = check_arguments(data, page_, begin, size))
    return answer(error);
  if (size == 0)
    return answer(0);
  auto range = PageRange::create(begin, size, page_);
  if (!range)
    return answer(-ENOMEM);  // up to 2^64: nothing is mapped there

  remember(*range);
  images_.add(thread, *range);
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

  SealedImage *image = images_.of_thread(thread);
  if (image != nullptr && !may_hit(*image, ranges, call.effect))
    return proceed;
  if (image != nullptr && call.effect == Effect::change &&
      std::ranges::any_of(image->confirmed, [&](PageRange marked) {
        return any_overlaps(ranges, marked);
      }))
    return refusal(-EPERM, image);

  bool sealed = false, discard_refused = false;
  Address heap_begin = ~Address{0}, heap_end = 0;
  bool readable = process::for_each_mapping(
      thread, page_, [&](const Mapping &mapping, bool marked) {
        if (mapping.name == "[heap]") {
          heap_begin = std::min(heap_begin, mapping.range.begin());
          heap_end = mapping.range.end();
        }
        bool touched =
            detach ? mapping.range.begin() - mapping.offset == ranges[0].begin()
                   : any_overlaps(ranges, mapping.range);
        if (!touched || !marked)
          return;
        if (call.effect == Effect::lower_break && mapping.name != "[heap]")
          return;
        sealed = true;
        if (image != nullptr && marks_stay())
          image->confirm(mapping.range);
        if (mapping.sharing == Sharing::private_copy &&
            !mapping.protection.writable())
          discard_refused = true;
      });
  // Not ours to look into (PR_SET_DUMPABLE): what may be sealed is.
  if (!readable)
    return ever_sealed(ranges) ? refusal(-EPERM, nullptr) : proceed;
  if (!sealed) {
    if (call.effect == Effect::lower_break && image != nullptr)
      image->sort_out_heap(heap_begin, heap_end);
    return proceed;
  }
  switch (call.effect) {
    case Effect::discard:
      return discard_refused ? refusal(-EPERM, image) : proceed;
    case Effect::lower_break:
      return refusal(static_cast<long>(heap_end), image);
    case Effect::clear_mark:
      return answer(0);  // no violation: with mseal(2) it has an effect
    case Effect::detach:
      return refusal(0, image);
    default:
      return refusal(-EPERM, image);
  }
}

Verdict SealKeeper::judge(pid_t thread, const seccomp_data &data) {
  MemoryCall call = decode(data, page_);
  switch (call.effect) {
    case Effect::none:
      return proceed;
    case Effect::seal:
      return judge_seal(thread, data);
    case Effect::refused:
      return answer(-EPERM);
    default:
      return judge_change(thread, call);
  }
}

bool SealKeeper::take_hit(int listener, const seccomp_notif &asked,
                          const Verdict &verdict) {
  Hit hit = witness_->describe(static_cast<pid_t>(asked.pid), asked.data,
                               verdict.version);
  // What was read of the thread holds only if it is still the same one.
  bool there = ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &asked.id) == 0;
  ++(there ? counts_.hits : counts_.vanished);
  if (there)
    watch_->tell(hit);
  return watch_->answer == Answer::permitted;
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
    if (verdict.hit && watch_ && take_hit(listener, *asked, verdict))
      verdict = proceed;
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
