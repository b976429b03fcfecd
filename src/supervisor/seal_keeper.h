// SPDX-License-Identifier: Apache-2.0
// Serves mseal(2) to a tree of processes whose kernel has none.
//
// Background. A seccomp filter can refuse a memory call by its registers, but a
// filter cannot change once it is installed: a program that seals a thousand
// ranges one after another would need a thousand, each making every call
// slower. And a filter outlives execve, when its ranges mean nothing any more.
//
// Idea. Let the kernel itself remember what is sealed, where it remembers all
// else about a page: in its mapping. Two pieces of advice that change nothing
// a program can see, MADV_DONTDUMP and MADV_RANDOM, together are the mark of a
// seal. A fork copies them, execve forgets them, split and merged mappings keep
// them, and /proc/PID/smaps shows them. One filter, which never grows, hands
// the calls that could change a mapping to this process, the keeper; it
// looks for marks and answers: refuse, or continue.
//
// To look into smaps at every call would be slow. The keeper therefore holds
// the union of all ranges that were ever sealed in the tree. A call outside it
// continues at once; inside it, what is known of the caller's image decides
// (supervisor/sealed_images.h); and what that does not clear, the marks. So a
// stale range (from before an execve, or of another process) costs time and
// refuses nothing, but to a process of which nothing can be known.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "keeper/zone.h"
#include "memseal/page_range.h"
#include "supervisor/memory_limits.h"
#include "supervisor/sealed_images.h"
#include "supervisor/verdict.h"
#include "supervisor/violation_watch.h"
#include "vm/mapping.h"
#include "vm/range_set.h"

namespace memseal::supervisor {

/// A union of ranges that only grows. Once it outgrows its table it holds
/// everything between its ends.
class Ever {
public:
  Ever(std::size_t most, std::size_t page);
  void add(PageRange range);
  bool empty() const { return ranges_.runs().empty(); }
  bool overlaps(PageRange range) const { return ranges_.overlaps(range); }

private:
  std::vector<PageRange> storage_;
  RangeSet ranges_;
};

class SealKeeper : public Judge {
public:
  /// `on_violation` is what whoever watches makes of violations.
  explicit SealKeeper(std::size_t page,
                      OnViolation on_violation = OnViolation::report);

  /// What the filter asks about; without it, everything.
  void guard(keeper::ZoneShape zone);

  Verdict judge(pid_t thread, const seccomp_data &data,
                MemoryCall &call) override;

private:
  Verdict judge_request(pid_t thread, const seccomp_data &data);
  /// Arguments only: the caller has looked for holes, and sets the marks.
  Verdict judge_seal(pid_t thread, const seccomp_data &data);
  Verdict judge_change(pid_t thread, MemoryCall &call);
  Verdict judge_unseen(pid_t thread);
  void settle_end(pid_t thread, MemoryCall &call) const;
  /// Looks for marks that the call touches.
  Verdict look(const MemoryCall &call, SealedImage *image,
               std::string_view smaps) const;
  bool is_sealed(const Mapping &mapping) const;
  /// Whether a mapping, or what is known to be sealed, is in the call's way.
  bool is_touched(const MemoryCall &call, PageRange range) const;
  bool was_ever_in_the_way(const MemoryCall &call) const;
  /// What a mark forbids takes marks away only if violations are permitted.
  bool marks_stay() const { return on_violation_ != OnViolation::permit; }

  std::size_t page_;
  std::optional<std::uint64_t> default_huge_page_;
  /// Everything that was ever sealed in the tree; of it, what is no part of a
  /// loaded object; and of that, what was below the end of the heap.
  Ever any_, memory_, heap_;
  SealedImages images_;
  OnViolation on_violation_;
  keeper::ZoneShape zone_;
  keeper::FreeParts free_;
  MemoryLimits limits_;
};

}  // namespace memseal::supervisor
