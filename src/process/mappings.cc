// SPDX-License-Identifier: Apache-2.0
#include "process/mappings.h"

#include <time.h>

#include <algorithm>
#include <cerrno>

#include "vm/maps_parser.h"

namespace memseal::process {
namespace {

/// Of this thread, the kernel's work for it included: however busy the machine
/// is, the same work is the same time.
std::chrono::nanoseconds processor_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) +
         std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

void Mappings::add(Mapping mapping) {
  if (!mappings_.empty() &&
      mapping.range.begin() < mappings_.back().range.end())
    return;
  if (names_.empty() || names_.back() != mapping.name)
    names_.emplace_back(mapping.name);
  mapping.name = names_.back();
  mappings_.push_back(mapping);
}

Result<Mappings> Mappings::read(pid_t pid, sys::ReadSeals seals,
                                std::chrono::nanoseconds limit) {
  Mappings all;
  sys::MapsReader reader = sys::MapsReader::of_process(pid, seals);
  const auto began =
      limit == no_limit ? std::chrono::nanoseconds(0) : processor_time();
  for (;;) {
    if (limit != no_limit && all.mappings_.size() % 64 == 63 &&
        processor_time() - began > limit)
      return fail(Errc::system, ETIME);
    auto mapping = reader.next();
    if (!mapping && mapping.error().code == Errc::malformed)
      continue;
    if (!mapping)
      return std::unexpected(mapping.error());
    if (!*mapping)
      return all;
    all.add(**mapping);
  }
}

Mappings Mappings::parse(std::string_view text, std::size_t page) {
  Mappings all;
  MapsParser parser(text, page);
  for (;;) {
    auto mapping = parser.next();
    if (!mapping)
      continue;
    if (!*mapping)
      return all;
    all.add(**mapping);
  }
}

std::span<const Mapping> Mappings::overlapping(PageRange range) const {
  auto end_of = [](const Mapping &m) { return m.range.end(); };
  auto begin_of = [](const Mapping &m) { return m.range.begin(); };
  auto first = std::ranges::upper_bound(mappings_, range.begin(), {}, end_of);
  auto last = std::ranges::lower_bound(mappings_, range.end(), {}, begin_of);
  return first < last ? std::span(first, last) : std::span<const Mapping>();
}

const Mapping *Mappings::find(Address address) const {
  auto end_of = [](const Mapping &m) { return m.range.end(); };
  auto found = std::ranges::upper_bound(mappings_, address, {}, end_of);
  return found != mappings_.end() && found->range.contains(address) ? &*found
                                                                    : nullptr;
}

bool Mappings::all_sealed(PageRange range) const {
  Address at = range.begin();
  for (const Mapping &mapping : overlapping(range)) {
    if (mapping.range.begin() > at || mapping.seal != KernelSeal::present)
      return false;
    at = mapping.range.end();
  }
  return at >= range.end();
}

std::string plain_name(const Mapping &mapping) {
  std::string room(mapping.name.size(), '\0');
  room.resize(unescape_name(mapping.name, room).size());
  return room;
}

}  // namespace memseal::process
