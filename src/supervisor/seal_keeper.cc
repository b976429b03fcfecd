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

/// From page 0 to the end of what the call names.
PageRange everything_below(const MemoryCall &call) {
  return *PageRange::create(0, call.ranges[0].end(), 1);
}

bool is_touched(const MemoryCall &call, const SealedImage &image) {
  return std::ranges::any_of(image.sealed->parts(), [&](const SealedPart &one) {
    return any_overlaps(call.ranges, one.range);
  });
}

/// Whether something that is sealed in the image is, or may be, in the call's
/// way. brk(2) unmaps up to the end of the heap, which only the heap's seals
/// reach below; shmdt(2) a segment, which is no loaded object; nor is a mapping
/// that grows.
bool touches(const MemoryCall &call, const SealedImage &image) {
  auto memory_in = [&](PageRange range) {
    return std::ranges::any_of(
        image.sealed->parts(), [&](const SealedPart &one) {
          return one.range.overlaps(range) && one.part != Part::object;
        });
  };
  switch (call.effect) {
    case Effect::lower_break:
      return std::ranges::any_of(
          image.sealed->parts(), [&](const SealedPart &one) {
            return one.range.overlaps(call.ranges[0]) && one.part == Part::heap;
          });
    case Effect::detach:
      return memory_in(call.ranges[0]);
    default:
      return is_touched(call, image) ||
             (call.grows_down && memory_in(everything_below(call)));
  }
}

/// Refuses as mseal(2) does. brk(2) fails by answering with where the break is;
/// where that is not known with 0, which libc takes for "no more memory".
Verdict refuse(Effect effect, const SealedImage *image, Address heap_end) {
  switch (effect) {
    case Effect::lower_break:
      return refusal(static_cast<long>(heap_end), image);
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
      return judge_seal(thread, data, Part::object);
    case keeper::KeeperRequest::seal:
      return judge_seal(thread, data, Part::memory);
    case keeper::KeeperRequest::seal_heap:
      return judge_seal(thread, data, Part::heap);
    case keeper::KeeperRequest::identity:
      return answer(static_cast<long>(images_.identity_of(thread)));
  }
  return answer(-EINVAL);
}

Verdict SealKeeper::judge_seal(pid_t thread, const seccomp_data &data,
                               Part part) {
  auto range = PageRange::create(data.args[3], data.args[4], page_);
  if (!range)
    return answer(-EINVAL);
  if (zone_.exists() && data.args[2] != static_cast<std::uint64_t>(
                                            keeper::KeeperRequest::seal_object))
    return answer(-keeper::objects_only);
  // Nobody asks us about what happens there.
  if (keeper::overlaps(free_, *range))
    return answer(-keeper::outside_the_zone);
  any_.add(*range);
  if (part != Part::object)
    memory_.add(*range);
  if (part == Part::heap)
    heap_.add(*range);
  images_.add(thread, {*range, part}, data.args[5]);
  return answer(0);
}

bool SealKeeper::was_ever_in_the_way(const MemoryCall &call) const {
  switch (call.effect) {
    case Effect::lower_break:
      return heap_.overlaps(call.ranges[0]);
    case Effect::detach:
      return memory_.overlaps(call.ranges[0]);
    default:
      return (call.grows_down && memory_.overlaps(everything_below(call))) ||
             std::ranges::any_of(call.ranges, [&](PageRange range) {
               return any_.overlaps(range);
             });
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
  if (image != nullptr && touches(call, *image))
    image = images_.now_of_thread(thread);
  // Of nothing that may be sealed is it known that it is not.
  if (image == nullptr)
    return refuse(call.effect, nullptr, 0);
  return touches(call, *image) ? refuse_what_is_sealed(thread, call, *image)
                               : proceed;
}

Verdict SealKeeper::refuse_what_is_sealed(pid_t thread, const MemoryCall &call,
                                          SealedImage &image) {
  if (call.effect == Effect::detach && !is_detached(thread, call, image))
    return proceed;
  if (call.effect == Effect::discard && may_be_emptied(thread, call, image))
    return proceed;
  if (call.grows_down && !is_touched(call, image) &&
      !grows_over_what_is_sealed(thread, call, image))
    return proceed;
  Address heap_end =
      call.effect == Effect::lower_break ? end_of_heap(thread, call, image) : 0;
  Verdict refused = refuse(call.effect, &image, heap_end);
  // Who permits it is left with memory that is no longer what was sealed.
  if (call.replaces && on_violation_ == OnViolation::permit) {
    for (PageRange range : call.ranges)
      images_.remove(image, range);
  }
  return refused;
}

/// Discarding advice is refused as mseal(2) refuses it: on private memory that
/// may not be written. What is sealed stays so, so one look does for each list.
bool SealKeeper::may_be_emptied(pid_t thread, const MemoryCall &call,
                                SealedImage &image) {
  for (const SealedPart &one : image.sealed->parts()) {
    if (one.part == Part::object && any_overlaps(call.ranges, one.range))
      return false;
  }
  if (image.looked_at != image.sealed->parts().size()) {
    std::string smaps = images_.smaps_of(thread, &image);
    if (smaps.empty())
      return false;
    image.not_emptied.clear();
    auto all = process::Mappings::parse(smaps, page_);
    for (const SealedPart &one : image.sealed->parts()) {
      for (const Mapping &mapping : all.overlapping(one.range)) {
        if (mapping.sharing == Sharing::private_copy &&
            (!mapping.protection.writable() || mapping.protection_key != 0))
          image.not_emptied.push_back(mapping.range.intersection(one.range));
      }
    }
    image.looked_at = image.sealed->parts().size();
  }
  return std::ranges::none_of(image.not_emptied, [&](PageRange range) {
    return any_overlaps(call.ranges, range);
  });
}

/// Whether something sealed lies in the segment that is attached there.
bool SealKeeper::is_detached(pid_t thread, const MemoryCall &call,
                             const SealedImage &image) const {
  std::string maps = images_.maps_of(thread, &image);
  auto all = process::Mappings::parse(maps, page_);
  for (const Mapping &mapping : all.mappings()) {
    if (mapping.range.begin() - mapping.offset != call.ranges[0].begin())
      continue;
    for (const SealedPart &one : image.sealed->parts()) {
      if (one.part != Part::object && one.range.overlaps(mapping.range))
        return true;
    }
  }
  return maps.empty();
}

bool SealKeeper::grows_over_what_is_sealed(pid_t thread, const MemoryCall &call,
                                           const SealedImage &image) const {
  std::string maps = images_.maps_of(thread, &image);
  auto all = process::Mappings::parse(maps, page_);
  const Mapping *mapping = all.find(call.ranges[0].begin());
  if (mapping == nullptr)
    return maps.empty();
  for (const SealedPart &one : image.sealed->parts()) {
    if (one.range.overlaps(mapping->range) &&
        one.range.begin() < call.ranges[0].end())
      return true;
  }
  return false;
}

/// Where the break is: what is sealed in the heap may be a file's.
Address SealKeeper::end_of_heap(pid_t thread, const MemoryCall &call,
                                const SealedImage &image) const {
  Address end = 0;
  std::string maps = images_.maps_of(thread, &image);
  auto all = process::Mappings::parse(maps, page_);
  for (const Mapping &mapping : all.mappings()) {
    if (mapping.name == "[heap]")
      end = std::max(end, mapping.range.end());
  }
  if (end == 0)
    return 0;
  for (const SealedPart &one : image.sealed->parts()) {
    if (one.part == Part::heap && any_overlaps(call.ranges, one.range))
      end = std::max(end, one.range.end());
  }
  return end;
}

/// Whatever the call touches: nothing is sealed in a 32-bit program.
Verdict SealKeeper::judge_unseen(pid_t thread) {
  if (any_.empty())
    return proceed;
  SealedImage *image = images_.now_of_thread(thread);
  return image != nullptr && image->sealed->empty() ? proceed
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
