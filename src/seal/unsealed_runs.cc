// SPDX-License-Identifier: Apache-2.0
#include "seal/unsealed_runs.h"

#include <sys/syscall.h>
#include <sys/utsname.h>

#include <atomic>
#include <charconv>
#include <optional>

#include "sys/holes.h"
#include "sys/mapping_query.h"
#include "sys/maps_reader.h"
#include "sys/memory.h"
#include "sys/owned_pages.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

/// "6.18.21-rc1+deb": up to three numbers, and what follows.
struct Release {
  int numbers[3] = {};
  std::string_view rest;
};

Release parse(std::string_view text) {
  Release release;
  const char *at = text.data(), *end = at + text.size();
  for (int &number : release.numbers) {
    at = std::from_chars(at, end, number).ptr;
    if (at == end || *at != '.')
      break;
    ++at;
  }
  release.rest = {at, static_cast<std::size_t>(end - at)};
  return release;
}

/// Asked once: a kernel does not change.
bool this_kernel_may() {
  static std::atomic<int> known{-1};
  int answer = known.load(std::memory_order_relaxed);
  if (answer < 0) {
    utsname name{};
    answer = !sys::call(SYS_uname, &name).failed() &&
                     may_seal_another_range(name.release)
                 ? 1
                 : 0;
    known.store(answer, std::memory_order_relaxed);
  }
  return answer == 1;
}

/// Where this cannot be told, no.
bool is_one_mapping(PageRange range) {
  auto query = sys::MappingQuery::open();
  if (!query)
    return false;
  auto found = query->from(range.begin());
  return found && *found && (*found)->range.contains(range);
}

using Runs = sys::OwnedList<PageRange>;

/// Errors: unsupported if /proc/self/smaps does not tell.
Result<void> find_runs(PageRange range, Runs &runs) {
  std::optional<PageRange> run;  // not in the list yet
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::with_seals);
  for (;;) {
    auto mapping = maps.next();
    if (!mapping && mapping.error().code == Errc::malformed)
      continue;
    if (!mapping)
      return fail(Errc::unsupported);
    if (!*mapping || (*mapping)->range.begin() >= range.end())
      return run ? runs.push_back(*run) : Result<void>();
    if (!(*mapping)->range.overlaps(range))
      continue;
    if ((*mapping)->seal == KernelSeal::unknown)
      return fail(Errc::unsupported);
    if ((*mapping)->seal == KernelSeal::present)
      continue;
    const PageRange part = (*mapping)->range.intersection(range);
    const bool goes_on = run && run->end() == part.begin();
    if (run && !goes_on)
      MEMSEAL_TRY_VOID(runs.push_back(*run));
    const Address begin = goes_on ? run->begin() : part.begin();
    run = *PageRange::create(begin, part.end() - begin, 1);
  }
}

}  // namespace

bool may_seal_another_range(std::string_view text) {
  const Release release = parse(text);
  const auto [major, minor, patch] = release.numbers;
  if (major == 7 && minor == 0)
    return release.rest.find("-rc") != std::string_view::npos;
  if (major != 6 || minor < 17)
    return false;
  return minor != 18 || patch < 21;
}

Result<void> seal_run_by_run(PageRange range) {
  MEMSEAL_TRY_VOID(sys::check_mapped(range));
  Runs runs;
  if (!find_runs(range, runs))
    return sys::mseal(range);
  for (PageRange run : runs.view())
    MEMSEAL_TRY_VOID(sys::mseal(run));
  return {};
}

Result<void> seal_what_is_not_sealed(PageRange range) {
  if (!this_kernel_may() || is_one_mapping(range))
    return sys::mseal(range);
  return seal_run_by_run(range);
}

}  // namespace memseal
