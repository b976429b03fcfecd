// SPDX-License-Identifier: Apache-2.0
// Serves mseal(2) to a tree of processes whose kernel has none.
//
// Background. A seccomp filter can refuse a memory call by its registers, but a
// filter cannot change once it is installed: a program that seals a thousand
// ranges one after another would need a thousand, each making every call
// slower. And a filter outlives execve, when its ranges mean nothing any more.
//
// Idea. One filter, which never grows, hands the calls that could change a
// mapping to this process, the keeper. It remembers what each image was asked
// to seal, and answers: refuse, or continue. What is sealed cannot be unmapped,
// moved or replaced but by a call that the keeper sees, so what it remembers
// stays true; and no advice, by whatever way it is given, changes anything
// about it.
//
// Whose memory it is has to be found out for each process
// (supervisor/sealed_images.h). The keeper therefore also holds the union of
// all ranges that were ever sealed in the tree. A call outside it continues at
// once; inside it, what is sealed in the caller's image decides. So a stale
// range (from before an execve, or of another process) refuses nothing, but to
// a process of which nothing can be known.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "keeper/zone.h"
#include "memseal/page_range.h"
#include "supervisor/memory_limits.h"
#include "supervisor/sealed_images.h"
#include "supervisor/verdict.h"
#include "supervisor/violation_watch.h"
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
  /// Arguments only: the caller has looked for holes.
  Verdict judge_seal(pid_t thread, const seccomp_data &data, Part part);
  Verdict judge_change(pid_t thread, MemoryCall &call);
  Verdict judge_unseen(pid_t thread);
  void settle_end(pid_t thread, MemoryCall &call) const;
  bool was_ever_in_the_way(const MemoryCall &call) const;
  /// What to say of a call that touches what is sealed in the image.
  Verdict refuse_what_is_sealed(pid_t thread, const MemoryCall &call,
                                SealedImage &image);
  bool may_be_emptied(pid_t thread, const MemoryCall &call, SealedImage &image);
  bool is_detached(pid_t thread, const MemoryCall &call,
                   const SealedImage &image) const;
  bool grows_over_what_is_sealed(pid_t thread, const MemoryCall &call,
                                 const SealedImage &image) const;
  Address end_of_heap(pid_t thread, const MemoryCall &call,
                      const SealedImage &image) const;

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
