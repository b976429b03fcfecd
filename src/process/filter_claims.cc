// SPDX-License-Identifier: Apache-2.0
#include "process/filter_claims.h"

#include "process/seal_register.h"

namespace memseal::process {
namespace {

constexpr int filter_mode = 2;
constexpr char damaged[] = "its register is damaged";

// Each range takes an instruction at least, and all filters of a thread
// together have no more. Source: Linux, kernel/seccomp.c, MAX_INSNS_PER_PATH.
constexpr std::size_t most_ranges = 32768;

FilterClaims doubtful(std::string doubt) {
  return {.found = true, .doubt = std::move(doubt), .seals = {}};
}

bool claim_the_same(const RegisterEntry &one, const RegisterEntry &other) {
  return one.filter_types == other.filter_types && one.flags == other.flags;
}

}  // namespace

FilterClaims claims_of(std::span<const RegisterEntry> entries,
                       int seccomp_mode) {
  FilterClaims claims{.found = true, .doubt = {}, .seals = {}};
  const RegisterEntry *last = nullptr;
  for (const RegisterEntry &entry : entries) {
    if (entry.filter_types == 0)
      continue;
    if (seccomp_mode != filter_mode)
      return doubtful("the kernel knows of no seccomp filter in this process");
    Address begin = entry.begin;
    if (last != nullptr && last->end == begin && claim_the_same(*last, entry)) {
      begin = claims.seals.back().range.begin();
      claims.seals.pop_back();
    }
    last = &entry;
    // In order, so not empty; and whole pages.
    claims.seals.push_back({*PageRange::create(begin, entry.end - begin, 1),
                            SealTypes{entry.filter_types},
                            (entry.flags & flag_downgradable) != 0});
    if (claims.seals.size() > most_ranges)
      return doubtful("no filter can hold that many");
  }
  return claims;
}

FilterClaims read_filter_claims(pid_t pid, const Mappings &mappings,
                                int seccomp_mode) {
  auto memory = RemoteMemory::open(pid, RemoteMemory::Access::read);
  if (!memory)
    return {};
  auto found = SealRegister::find(mappings, *memory);
  if (!found)
    return doubtful(damaged);
  return *found ? claims_of((*found)->entries, seccomp_mode) : FilterClaims{};
}

}  // namespace memseal::process
