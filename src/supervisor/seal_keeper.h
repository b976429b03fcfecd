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
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "memseal/page_range.h"
#include "supervisor/hit.h"
#include "supervisor/memory_call.h"
#include "supervisor/sealed_images.h"
#include "supervisor/witness.h"
#include "vm/range_set.h"

struct seccomp_data;
struct seccomp_notif;

namespace memseal::supervisor {

/// What the keeper answers: an errno (negative), a value, or "continue".
struct Verdict {
  enum class Kind : std::uint8_t { proceed, answer } kind = Kind::proceed;
  long value = 0;             ///< as the kernel returns it: -EPERM
  bool hit = false;           ///< a seal forbids the call
  std::uint64_t version = 0;  ///< of what is known of the image; 0: unknown
};

/// Who wants to hear of the calls that a seal forbids.
struct Watch {
  OnViolation answer = OnViolation::report;
  std::function<void(const Hit &)> tell{};
  Witness::Survey survey{};
};

/// A union of ranges that only grows. Once it outgrows its table it holds
/// everything between its ends.
class Ever {
public:
  Ever(std::size_t most, std::size_t page);
  void add(PageRange range);
  bool overlaps(PageRange range) const { return ranges_.overlaps(range); }

private:
  std::vector<PageRange> storage_;
  RangeSet ranges_;
};

class SealKeeper {
public:
  explicit SealKeeper(std::size_t page);
  SealKeeper(std::size_t page, Watch watch);

  /// Judges one call of thread `thread`. Without memory to do so it lets
  /// nothing go on: the call fails with ENOMEM.
  Verdict judge(pid_t thread, const seccomp_data &data);

  /// Answers notifications until no process uses the filter any more.
  /// Returns whether it ended that way. After `turn` nanoseconds of processor
  /// time (0: never) a fork of this process goes on, and this one exits with 0:
  /// what follows the return happens in the last one.
  bool serve(int listener, std::uint64_t turn = 0);

  /// With a watch: how many hits there were.
  const DeskCounts &counts() const { return counts_; }

private:
  Verdict decide(pid_t thread, const seccomp_data &data);
  Verdict judge_request(pid_t thread, const seccomp_data &data);
  /// Arguments only: the caller has looked for holes, and sets the marks.
  Verdict judge_seal(pid_t thread, const seccomp_data &data);
  Verdict judge_change(pid_t thread, MemoryCall call);
  /// Looks for marks that the call touches.
  Verdict look(const MemoryCall &call, SealedImage *image,
               std::string_view smaps) const;
  /// Whether a mapping, or what is known to be sealed, is in the call's way.
  bool is_touched(const MemoryCall &call, PageRange range) const;
  bool was_ever_in_the_way(const MemoryCall &call) const;
  /// Whether the call goes on although it is a hit; tells of it.
  bool take_hit(int listener, const seccomp_notif &asked,
                const Verdict &verdict);
  /// What a mark forbids takes marks away only if hits are let go on.
  bool marks_stay() const {
    return !watch_ || watch_->answer == OnViolation::report;
  }

  std::size_t page_;
  /// Everything that was ever sealed in the tree; of it, what is no part of a
  /// loaded object; and of that, what was below the end of the heap.
  Ever any_, memory_, heap_;
  SealedImages images_;
  std::optional<Watch> watch_;
  std::optional<Witness> witness_;
  DeskCounts counts_;
};

}  // namespace memseal::supervisor
