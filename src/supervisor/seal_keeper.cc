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
#include <ctime>
#include <new>
#include <string>

#include "base/assert.h"
#include "keeper/protocol.h"
#include "process/mappings.h"
#include "process/tree_files.h"

namespace memseal::supervisor {
namespace {

constexpr std::size_t most_ranges = 65536, most_in_heaps = 4096;

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
  std::string name = "fd/" + std::to_string(fd);
  int file = process::open_process_file(thread, name.c_str(), O_PATH);
  bool is_huge = file >= 0 && fstatfs(file, &about) == 0 &&
                 about.f_type == HUGETLBFS_MAGIC;
  if (file >= 0)
    close(file);
  return is_huge ? static_cast<std::size_t>(about.f_bsize) : 0;
}

bool any_overlaps(const std::vector<PageRange> &ranges, PageRange range) {
  for (PageRange touched : ranges) {
    if (touched.overlaps(range))
      return true;
  }
  return false;
}

/// Refuses as mseal(2) does. brk(2) fails by answering with where the break is;
/// where that is not known with 0, which libc takes for "no more memory".
Verdict refuse(Effect effect, const SealedImage *image, Address heap_end) {
  switch (effect) {
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

/// Processor time of this process, in nanoseconds.
std::uint64_t time_used() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

Ever::Ever(std::size_t most, std::size_t page)
    : storage_(most, *PageRange::create(0, page, page)), ranges_(storage_) {}

void Ever::add(PageRange range) {
  if (ranges_.add(range))
    return;
  // As many gaps as there are ranges are given up.
  Address begin = std::min(range.begin(), ranges_.runs().front().begin());
  Address end = std::max(range.end(), ranges_.runs().back().end());
  ranges_.clear();
  MEMSEAL_ASSERT(ranges_.add(*PageRange::create(begin, end - begin, 1)));
}

SealKeeper::SealKeeper(std::size_t page)
    : page_(page),
      any_(most_ranges, page),
      memory_(most_ranges, page),
      heap_(most_in_heaps, page),
      images_(page) {}

SealKeeper::SealKeeper(std::size_t page, Watch watch) : SealKeeper(page) {
  witness_.emplace(watch.survey);
  // Who refuses nothing keeps nothing.
  if (watch.answer == OnViolation::permit)
    images_.list(Listing::none);
  watch_ = std::move(watch);
}

Verdict SealKeeper::judge_request(pid_t thread, const seccomp_data &data) {
  switch (static_cast<keeper::KeeperRequest>(data.args[2])) {
    case keeper::KeeperRequest::ask:
      return answer(keeper::keeper_is_here);
    case keeper::KeeperRequest::new_image:
      images_.begin(thread);
      return answer(keeper::keeper_is_here);
    case keeper::KeeperRequest::seal_object:
    case keeper::KeeperRequest::seal:
      return judge_seal(thread, data);
  }
  return answer(-EINVAL);
}

Verdict SealKeeper::judge_seal(pid_t thread, const seccomp_data &data) {
  const Address begin = data.args[3], heap_end = data.args[5];
  auto range = PageRange::create(begin, data.args[4], page_);
  if (!range)
    return answer(-EINVAL);
  any_.add(*range);
  if (data.args[2] == static_cast<std::uint64_t>(keeper::KeeperRequest::seal)) {
    memory_.add(*range);
    if (begin < heap_end)
      heap_.add(*range);
  }
  images_.add(thread, *range);
  return answer(0);
}

bool SealKeeper::was_ever_in_the_way(const MemoryCall &call) const {
  switch (call.effect) {
    case Effect::lower_break:
      return heap_.overlaps(call.ranges[0]);
    case Effect::detach:
      return memory_.overlaps(call.ranges[0]);
    default:
      return std::ranges::any_of(
          call.ranges, [&](PageRange range) { return any_.overlaps(range); });
  }
}

/// brk(2) unmaps up to the end of the heap, which only the heap's seals reach
/// below; shmdt(2) a segment, which is no loaded object.
bool SealKeeper::is_touched(const MemoryCall &call, PageRange range) const {
  if (!any_overlaps(call.ranges, range))
    return false;
  switch (call.effect) {
    case Effect::lower_break:
      return heap_.overlaps(range.intersection(call.ranges[0]));
    case Effect::detach:
      return memory_.overlaps(range);
    default:
      return true;
  }
}

Verdict SealKeeper::judge_change(pid_t thread, MemoryCall call) {
  if (call.file && !call.ranges.empty()) {
    std::size_t huge = huge_page_of(thread, *call.file);
    PageRange first = call.ranges[0];
    if (huge > page_) {
      if (auto wider = PageRange::covering(first.begin(), first.size(), huge))
        call.ranges.push_back(*wider);
    }
  }
  if (call.ranges.empty() || !was_ever_in_the_way(call))
    return proceed;

  SealedImage *image = images_.of_thread(thread);
  auto touched = [&](PageRange range) { return is_touched(call, range); };
  if (image != nullptr && std::ranges::none_of(image->ranges, touched))
    return proceed;
  if (image != nullptr && call.effect == Effect::change &&
      std::ranges::any_of(image->confirmed, touched))
    return refusal(-EPERM, image);

  std::string smaps = images_.smaps_of(thread, image);
  // Not ours to look into: what may be sealed is.
  return smaps.empty() ? refuse(call.effect, image, 0)
                       : look(call, image, smaps);
}

Verdict SealKeeper::look(const MemoryCall &call, SealedImage *image,
                         std::string_view smaps) const {
  bool sealed = false, discard_refused = false;
  Address heap_end = 0;
  auto all = process::Mappings::parse(smaps, page_);
  for (const Mapping &mapping : all.mappings()) {
    if (mapping.name == "[heap]")
      heap_end = std::max(heap_end, mapping.range.end());
    bool touched =
        call.effect == Effect::detach
            ? mapping.range.begin() - mapping.offset == call.ranges[0].begin()
            : is_touched(call, mapping.range);
    if (!touched || !mapping.marked)
      continue;
    sealed = true;
    if (call.effect == Effect::lower_break)
      heap_end = std::max(heap_end, mapping.range.end());
    if (image != nullptr && marks_stay())
      image->confirm(mapping.range);
    if (mapping.sharing == Sharing::private_copy &&
        !mapping.protection.writable())
      discard_refused = true;
  }
  if (!sealed || (call.effect == Effect::discard && !discard_refused))
    return proceed;
  return refuse(call.effect, image, heap_end);
}

Verdict SealKeeper::decide(pid_t thread, const seccomp_data &data) {
  MemoryCall call = decode(data, page_);
  switch (call.effect) {
    case Effect::none:
      return proceed;
    case Effect::request:
      return judge_request(thread, data);
    case Effect::hides:
      images_.keep_sight_of(thread);
      return proceed;
    case Effect::refused:
      return answer(-EPERM);
    default:
      return judge_change(thread, std::move(call));
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
  return watch_->answer == OnViolation::permit;
}

Verdict SealKeeper::judge(pid_t thread, const seccomp_data &data) {
  try {
    return decide(thread, data);
  } catch (const std::bad_alloc &) {
    // brk(2) fails by answering with less than it was asked for.
    bool moves_break = data.nr == SYS_brk && data.args[0] != 0;
    return answer(moves_break ? 0 : -ENOMEM);
  }
}

bool SealKeeper::serve(int listener, std::uint64_t turn) {
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
    if (turn != 0 && time_used() >= turn && fork() > 0)
      _exit(0);
  }
}

}  // namespace memseal::supervisor
