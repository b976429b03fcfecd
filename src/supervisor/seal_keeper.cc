// SPDX-License-Identifier: Apache-2.0
#include "supervisor/seal_keeper.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "base/assert.h"
#include "keeper/protocol.h"
#include "process/mappings.h"
#include "process/tree_files.h"
#include "sys/proc_text.h"

namespace memseal::supervisor {
namespace {

constexpr std::size_t most_ranges = 65536, most_in_heaps = 4096;

Verdict answer(long value) {
  return {.kind = Verdict::Kind::answer, .value = value};
}
Verdict refusal(long value, const SealedImage *image) {
  return {.kind = Verdict::Kind::answer,
          .value = value,
          .violation = true,
          .version = image != nullptr ? image->version : 0};
}
constexpr Verdict proceed{};

/// The size of the pages that a mapping of the file has: a huge one on
/// hugetlbfs, else `page`. Nothing if that cannot be told: the process may not
/// be looked into, or the descriptor is not open now.
std::optional<std::uint64_t> page_of_file(pid_t thread, int fd,
                                          std::size_t page) {
  std::string name = "fd/" + std::to_string(fd);
  int file = process::open_process_file(thread, name.c_str(), O_PATH);
  if (file < 0)
    return {};
  struct statfs about {};
  bool told = fstatfs(file, &about) == 0;
  close(file);
  if (!told)
    return {};
  return about.f_type == HUGETLBFS_MAGIC
             ? static_cast<std::uint64_t>(about.f_bsize)
             : page;
}

/// The machine's default huge page; nothing if it does not tell. It cannot be
/// changed while the machine runs.
std::optional<std::uint64_t> default_huge_page() {
  std::array<char, 8192> buffer;
  auto text = sys::read_proc("/proc/meminfo", buffer);
  if (!text)
    return {};
  auto kib = sys::leading_number(sys::status_field(*text, "Hugepagesize"));
  return kib ? std::optional(*kib * 1024) : std::nullopt;
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

SealKeeper::SealKeeper(std::size_t page, OnViolation on_violation)
    : page_(page),
      default_huge_page_(default_huge_page()),
      any_(most_ranges, page),
      memory_(most_ranges, page),
      heap_(most_in_heaps, page),
      images_(page),
      on_violation_(on_violation) {
  // Who refuses nothing keeps nothing.
  if (on_violation == OnViolation::permit)
    images_.list(Listing::none);
}

void SealKeeper::guard(keeper::ZoneShape zone) {
  zone_ = zone;
  free_ = zone.free_parts(filter::native_architecture());
}

Verdict SealKeeper::judge_request(pid_t thread, const seccomp_data &data) {
  const long presence = zone_.byte() | (on_violation_ == OnViolation::permit
                                            ? keeper::keeper_only_watches
                                            : keeper::keeper_is_here);
  switch (static_cast<keeper::KeeperRequest>(data.args[2])) {
    case keeper::KeeperRequest::ask:
      return answer(presence);
    case keeper::KeeperRequest::new_image:
      images_.begin(thread);
      limits_.begin(thread);
      return answer(presence);
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
  if (zone_.exists() && data.args[2] != static_cast<std::uint64_t>(
                                            keeper::KeeperRequest::seal_object))
    return answer(-keeper::objects_only);
  // Nobody asks us about what happens there.
  if (keeper::overlaps(free_, *range))
    return answer(-keeper::outside_the_zone);
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

/// What mmap names is rounded up to whole pages of the size that they will
/// have. Does not see: another thread that puts another file in the place of
/// the descriptor before the call goes on.
void SealKeeper::settle_end(pid_t thread, MemoryCall &call) const {
  std::optional<std::uint64_t> size;
  switch (call.mapped) {
    case MemoryCall::Mapped::as_decoded:
      return;
    case MemoryCall::Mapped::as_default:
      size = default_huge_page_;
      break;
    case MemoryCall::Mapped::as_file:
      size = page_of_file(thread, call.file, page_);
      break;
  }
  if (size)
    call.round_up(*size);
  else
    call.round_up_to_any(filter::native_architecture());
}

Verdict SealKeeper::judge_change(pid_t thread, MemoryCall &call) {
  settle_end(thread, call);
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

/// A program may mark mappings itself, as databases do with the files that they
/// share. Loaded objects are private.
bool SealKeeper::is_sealed(const Mapping &mapping) const {
  return mapping.marked && (mapping.sharing == Sharing::private_copy ||
                            memory_.overlaps(mapping.range));
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
    if (!touched || !is_sealed(mapping))
      continue;
    sealed = true;
    if (call.effect == Effect::lower_break)
      heap_end = std::max(heap_end, mapping.range.end());
    if (image != nullptr && marks_stay())
      image->confirm(mapping.range);
    if (mapping.sharing == Sharing::private_copy &&
        (!mapping.protection.writable() || mapping.protection_key != 0))
      discard_refused = true;
  }
  if (!sealed || (call.effect == Effect::discard && !discard_refused))
    return proceed;
  return refuse(call.effect, image, heap_end);
}

/// Whatever the call touches: nothing is sealed in a 32-bit program.
Verdict SealKeeper::judge_unseen(pid_t thread) {
  if (any_.empty())
    return proceed;
  SealedImage *image = images_.of_thread(thread);
  return image != nullptr && image->ranges.empty() ? proceed
                                                   : refusal(-EPERM, image);
}

Verdict SealKeeper::judge(pid_t thread, const seccomp_data &data,
                          MemoryCall &call) {
  switch (call.effect) {
    case Effect::none:
      return proceed;
    case Effect::request:
      return judge_request(thread, data);
    case Effect::limits:
      return zone_.exists() ? limits_.set(thread, data, zone_.border(), page_)
                            : proceed;
    case Effect::hides:
      images_.keep_sight_of(thread);
      return proceed;
    case Effect::refused:
      return answer(-EPERM);
    case Effect::unseen:
      return judge_unseen(thread);
    default:
      return judge_change(thread, call);
  }
}

}  // namespace memseal::supervisor
