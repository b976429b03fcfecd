// SPDX-License-Identifier: Apache-2.0
// The order of steps is explained in the header.
#include "seal/commit.h"

#include <sys/syscall.h>

#include <algorithm>

#include "base/assert.h"
#include "seal/barrier.h"
#include "seal/enforced.h"
#include "seal/install_filters.h"
#include "seal/judge.h"
#include "seal/lasting.h"
#include "seal/on_violation.h"
#include "seal/own_mappings.h"
#include "seal/register.h"
#include "seal/unsealed_runs.h"
#include "sys/holes.h"
#include "sys/huge_files.h"
#include "sys/memory.h"
#include "sys/owned_pages.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

// MEMSEAL_OPEN_ of memseal/memseal.h
constexpr std::uint32_t open_sibling = 0x8, open_older_ring = 0x20,
                        open_huge_file = 0x40;

PageRange range_of(const RegisterEntry &entry) {
  auto range =
      PageRange::create(entry.begin, entry.end - entry.begin, sys::page_size());
  MEMSEAL_ASSERT(range);
  return *range;
}

/// Step 6, and the way back.
class Protecting {
public:
  Protecting() = default;
  Protecting(const Protecting &) = delete;
  Protecting &operator=(const Protecting &) = delete;
  ~Protecting() {
    for (const ProtectedRange &part : before_.view())
      (void)sys::protect(part.range, part.protection);
  }
  /// Errors:  as mprotect(2); what it changed before it failed is put back
  ///          when this object ends.
  Result<void> protect(PageRange range, int prot) {
    MEMSEAL_TRY_VOID(read_protections(range, before_));
    MEMSEAL_TRY(sys::result(
        sys::call(SYS_mprotect, range.begin(), range.size(), prot)));
    return {};
  }
  void keep() { before_.clear(); }

private:
  sys::OwnedList<ProtectedRange> before_;
};

class Commit {
public:
  Commit(RegisterChange &change, const CommitInput &input)
      : change_(change),
        requests_(input.requests),
        engine_(input.engine),
        protect_first_(input.protect_first),
        hole_(input.hole),
        subject_(input.subject) {}

  Result<void> run() {
    LowerableMap protections;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      std::optional<Address> hole;
      if (hole_ && hole_->index == i)
        hole = hole_->at;
      MEMSEAL_TRY_VOID(judge(requests_[i], engine_, hole, protection(),
                             protections, change_.header(), change_.table()));
    }
    MEMSEAL_TRY_VOID(collect());
    if (!guarded_.empty()) {
      MEMSEAL_TRY_VOID(
          read_filter_context(guarded_.view(), change_.header(), context_));
      if (context_.cuts_huge_page && subject_ != Subject::reservation)
        return fail(Errc::unsupported);  // S-15
      if (tags_are_ignored())
        return fail(Errc::unsupported);  // S-41
      if (lets_lower())
        MEMSEAL_TRY_VOID(check_reading_is_not_executing());
    }
    MEMSEAL_TRY_VOID(make_content_last());
    if (natively_due()) {
      MEMSEAL_TRY_VOID(check_whole_huge_pages());
      MEMSEAL_TRY_VOID(check_room_to_split());
    }
    if (guarded_.empty())
      MEMSEAL_TRY_VOID(protect());
    else
      MEMSEAL_TRY_VOID(guard());
    return seal_natively();
  }

private:
  std::optional<Protection> protection() const {
    if (subject_ == Subject::reservation)
      return Protection{Protection::read};  // lowering is all it will allow
    if (!protect_first_)
      return {};
    return protect_first_->protection;
  }

  /// What the judged requests leave to do.
  Result<void> collect() {
    for (const RegisterEntry &entry : change_.table().entries()) {
      if ((entry.flags & flag_filter_due) == 0)
        continue;
      Downgrade downgrade = (entry.flags & flag_downgradable) != 0
                                ? Downgrade::allowed
                                : Downgrade::refused;
      MEMSEAL_TRY_VOID(guarded_.push_back(
          {range_of(entry), SealTypes{entry.filter_types}, downgrade}));
    }
    return {};
  }

  Result<void> make_content_last() {
    if (subject_ != Subject::pages)
      return {};
    to_last_.clear();
    for (const RegisterEntry &entry : change_.table().entries()) {
      bool filter = (entry.flags & flag_filter_due) != 0;
      if ((entry.flags & flag_content_due) != 0)
        MEMSEAL_TRY_VOID(to_last_.push_back({range_of(entry), !filter}));
    }
    return make_lasting(to_last_.view());
  }

  /// Step 6.
  Result<void> protect() {
    if (!protect_first_)
      return {};
    return protecting_.protect(requests_[0].range, protect_first_->prot);
  }

  /// Whether anything of the filter is downgradable.
  bool lets_lower() const {
    return std::ranges::any_of(guarded_.view(),
                               [](const filter::GuardedRange &one) {
                                 return one.downgrade == Downgrade::allowed;
                               });
  }

  /// Whether a filter forbids to put back what `protect` changes.
  bool protects_for_good() const {
    const RegisterHeader &before = change_.header();
    for (Address at = requests_[0].range.begin();
         at < requests_[0].range.end();) {
      RegisterEntry entry = read_entry(before, at);
      if ((entry.flags & flag_downgradable) != 0)
        return true;
      at = entry.end;
    }
    return false;
  }

  /// Steps 3 to 9.
  Result<void> guard() {
    Barrier barrier = MEMSEAL_TRY(Barrier::prepare());
    if (context_.has_ring)
      change_.header().open |= open_older_ring;
    if (context_.huge_files == filter::HugeFiles::none)
      change_.header().open |= open_huge_file;
    note_who_is_missed(change_.header(), barrier);
    MEMSEAL_TRY_VOID(ensure_base(change_.header(), BaseLevel::compatible));
    if (violations_are_deadly())
      change_.header().deadly = 1;
    const RegisterHeader &before = change_.header();
    const filter::FilterCount had{before.filters, before.kernel_instructions};
    auto filter = MEMSEAL_TRY(RangeFilter::compile(guarded_.view(), context_));
    if (protect_first_ && protects_for_good())
      MEMSEAL_TRY_VOID(filter.check_room(had));
    MEMSEAL_TRY_VOID(protect());
    auto installed = MEMSEAL_TRY(filter.install(had));

    count(change_.header(), installed);
    protecting_.keep();
    Result<void> passed = barrier.pass();
    Result<void> verified = verify(barrier);
    if (passed && verified)
      return {};
    // True all the same: the filter is on.
    change_.table().drop_native_due();
    publish();
    return passed ? verified : passed;
  }

  Result<void> verify(const Barrier &barrier) {
    // Another thread may have opened one until now.
    if (context_.huge_files == filter::HugeFiles::none && !barrier.is_alone() &&
        sys::may_map_huge_files(0))
      return fail(Errc::unsynchronised);
    if (lets_lower() && !barrier.is_alone() &&
        !check_reading_is_not_executing())
      return fail(Errc::unsynchronised);
    if (subject_ == Subject::reservation)
      return {};
    // Advice of another thread, before the filter was on.
    if (!barrier.is_alone() && !make_content_last())
      return fail(Errc::unsynchronised);
    auto guarded = guarded_.view();
    if (MEMSEAL_TRY(first_hole(0, guarded.size(), [&](std::size_t i) {
          return guarded[i].range;
        })))
      return fail(Errc::hole, ENOMEM);
    MEMSEAL_TRY_VOID(verify_lowerable());
    if (!protect_first_)
      return {};
    sys::OwnedList<ProtectedRange> parts;
    MEMSEAL_TRY_VOID(read_protections(requests_[0].range, parts));
    for (const ProtectedRange &part : parts.view()) {
      if (part.protection != protect_first_->protection)
        return fail(Errc::unsynchronised);
    }
    return {};
  }

  /// What was asked to be downgradable now. Pages that were so before may have
  /// been replaced since by something else, which is no fault of this call.
  Result<void> verify_lowerable() {
    LowerableMap protections;
    for (const SealRequest &request : requests_) {
      if (request.downgrade == Downgrade::refused)
        continue;
      if (!protections.has_been_read())
        MEMSEAL_TRY_VOID(protections.read());
      auto guarded = guarded_.view();
      auto it = std::partition_point(
          guarded.begin(), guarded.end(), [&](const filter::GuardedRange &one) {
            return one.range.end() <= request.range.begin();
          });
      for (; it != guarded.end() && it->range.overlaps(request.range); ++it) {
        if (!protections.check(request.range.intersection(it->range)))
          return fail(Errc::unsynchronised);
      }
    }
    return {};
  }

  /// Steps 10 and 11.
  Result<void> seal_natively() {
    Result<void> outcome;
    bool changed = !guarded_.empty(), sealed_one = false;
    SealTable &table = change_.table();
    for (std::size_t i = 0; i < table.entries().size(); ++i) {
      const RegisterEntry &entry = table.entries()[i];
      if ((entry.flags & flag_native_due) == 0)
        continue;
      if (sealed_one)  // the room that was seen before may be used up
        outcome = check_room_to_split();
      if (outcome)
        outcome = seal_natively(range_of(entry));
      if (!outcome)
        break;
      sealed_one = true;
      table.native_done(i);
      changed = true;
    }
    protecting_.keep();
    if (!outcome)
      change_.table().drop_native_due();
    if (changed)
      publish();
    return outcome;
  }

  bool natively_due() const {
    auto entries = change_.table().entries();
    return std::any_of(entries.begin(), entries.end(),
                       [](const RegisterEntry &entry) {
                         return (entry.flags & flag_native_due) != 0;
                       });
  }

  /// mseal(2) seals a huge page as a whole or not at all, and when it comes to
  /// a part of one it has sealed for ever what lies before.
  Result<void> check_whole_huge_pages() const {
    for (const RegisterEntry &entry : change_.table().entries()) {
      if ((entry.flags & flag_native_due) == 0)
        continue;
      for (Address edge : {entry.begin, entry.end}) {
        if (is_inside_huge_page(edge, change_.header()))
          return fail(Errc::system, EINVAL);
      }
    }
    return {};
  }

  /// mseal(2) goes from mapping to mapping and may split the first and the
  /// last. If the process has too many mappings for the second split, the call
  /// fails when half of the range is sealed for ever. So it is seen before
  /// whether there is room: a page between two others is two mappings more.
  /// Does not stop: another thread that takes the room.
  static Result<void> check_room_to_split() {
    const std::size_t page = sys::page_size();
    auto three = MEMSEAL_TRY(sys::OwnedPages::create(3 * page));
    Address begin = three.range()->begin();
    return sys::protect(*PageRange::create(begin + page, page, page),
                        Protection{Protection::read});
  }

  static Result<void> seal_natively(PageRange range) {
    auto sealed = seal_what_is_not_sealed(range);
    if (!sealed && sealed.error().sys_errno == ENOMEM &&
        !sys::check_mapped(range))
      return fail(Errc::hole, ENOMEM);
    return sealed;
  }

  void publish() {
    change_.table().forget_changes();
    change_.publish();
  }

public:
  static void count(RegisterHeader &header, filter::FilterCount installed) {
    header.filters += installed.programs;
    header.kernel_instructions += installed.kernel_instructions;
  }

  /// A filter binds threads, and what is made by them later.
  static void note_who_is_missed(RegisterHeader &header,
                                 const Barrier &barrier) {
    if (barrier.has_sibling())
      header.open |= open_sibling;
    if (barrier.has_ring_worker())
      header.open |= open_older_ring;
  }

  /// Step 4.
  static Result<void> ensure_base(RegisterHeader &header, BaseLevel level) {
    auto wanted = static_cast<std::uint32_t>(level);
    if (header.base_level >= wanted && has_base_filter(level))
      return {};
    count(header, MEMSEAL_TRY(install_base_filter(level)));
    header.base_level = wanted;
    return {};
  }

private:
  RegisterChange &change_;
  std::span<const SealRequest> requests_;
  Engine engine_;
  std::optional<ProtectFirst> protect_first_;
  std::optional<FirstHole> hole_;
  Subject subject_;
  sys::OwnedList<filter::GuardedRange> guarded_;
  FilterContext context_;
  sys::OwnedList<ToLast> to_last_;
  Protecting protecting_;
};

}  // namespace

Result<void> commit(const CommitInput &input) {
  RegisterHeader *header = MEMSEAL_TRY(RegisterLock::prepare());
  RegisterLock lock(header);
  RegisterChange change =
      MEMSEAL_TRY(RegisterChange::begin(header, input.requests.size()));
  return Commit(change, input).run();
}

Result<void> commit(std::span<const SealRequest> requests, Engine engine,
                    std::optional<ProtectFirst> protect_first) {
  CommitInput input{requests, engine, protect_first, {}};
  input.hole = MEMSEAL_TRY(first_hole(
      0, requests.size(), [&](std::size_t i) { return requests[i].range; }));
  return commit(input);
}

Result<void> harden(BaseLevel level) {
  if (level == BaseLevel::none)
    return {};
  RegisterHeader *header = MEMSEAL_TRY(RegisterLock::prepare());
  RegisterLock lock(header);
  RegisterChange change = MEMSEAL_TRY(RegisterChange::begin(header, 0));
  Barrier barrier = MEMSEAL_TRY(Barrier::prepare());
  Commit::note_who_is_missed(change.header(), barrier);
  return Commit::ensure_base(change.header(), level);
}

}  // namespace memseal
