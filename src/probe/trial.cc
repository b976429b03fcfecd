// SPDX-License-Identifier: Apache-2.0
#include "probe/trial.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "sys/maps_reader.h"
#include "sys/memory.h"

namespace memseal::probe {
namespace {

constexpr std::uint64_t twin_pages = 4;
#if defined(__x86_64__)
constexpr std::uint64_t map_low = MAP_32BIT;
#else
constexpr std::uint64_t map_low = 0;
#endif
/// As much of a segment as is compared byte for byte.
constexpr std::uint64_t compared_bytes = std::uint64_t{256} << 10;

}  // namespace

Refusable<AttackRunner, process::Refusal> AttackRunner::in(ForkedCopy copy) {
  AttackRunner runner(std::move(copy));
  if (auto ready = runner.prepare(); !ready)
    return process::refuse(process::Cause::failed,
                           "its copy could not be prepared for the attacks: " +
                               errno_name(ready.error().to_errno()));
  return runner;
}

Result<Address> AttackRunner::map_pages(std::uint64_t pages) {
  // In the lowest 2 GiB, which the 32-bit door reaches, too.
  auto mapped = MEMSEAL_TRY(
      copy_.call(SYS_mmap, {0, pages * page_, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | map_low,
                            static_cast<std::uint64_t>(-1), 0}));
  if (!mapped.lived() || mapped.answer < 0)
    return fail(Errc::system, static_cast<int>(-mapped.answer));
  auto begin = static_cast<Address>(mapped.answer);
  std::vector<std::byte> bytes(pages * page_, std::byte{'x'});
  MEMSEAL_TRY_VOID(copy_.memory().write({begin}, bytes));
  return begin;
}

Result<void> AttackRunner::prepare() {
  page_ = sys::page_size();
  scratch_ = MEMSEAL_TRY(map_pages(2));
  // Nobody in the copy waits for the copies that it makes: with SIGCHLD ignored
  // they vanish by themselves. The kernel's struct sigaction is 32 bytes and
  // begins with the handler; SIG_IGN is 1.
  std::uint64_t ignore[4] = {1, 0, 0, 0};
  MEMSEAL_TRY_VOID(
      copy_.memory().write({scratch_}, std::as_bytes(std::span(ignore))));
  auto set = MEMSEAL_TRY(
      copy_.call(SYS_rt_sigaction, {SIGCHLD, scratch_, 0, 8, 0, 0}));
  if (set.answer < 0)
    return fail(Errc::system, static_cast<int>(-set.answer));
  return {};
}

Result<Address> AttackRunner::twin_of(Protection protection) {
  auto known = twins_.find(protection.bits);
  if (known != twins_.end())
    return known->second;
  Address twin = MEMSEAL_TRY(map_pages(twin_pages));
  auto set = MEMSEAL_TRY(
      copy_.call(SYS_mprotect, {twin, twin_pages * page_, protection.bits}));
  if (set.answer < 0)
    return fail(Errc::system, static_cast<int>(-set.answer));
  twins_[protection.bits] = twin;
  return twin;
}

long AttackRunner::control(const Attack &attack, Protection protection) {
  std::pair key{&attack, protection.bits};
  if (auto known = controls_.find(key); known != controls_.end())
    return known->second;
  auto answer = [&]() -> Result<long> {
    Address twin = MEMSEAL_TRY(twin_of(protection));
    ForkedCopy copy = MEMSEAL_TRY(copy_.fork());
    auto outcome = MEMSEAL_TRY(attack.attempt(
        copy, {twin, twin_pages * page_, protection, scratch_, page_}));
    return outcome.lived() ? outcome.answer : -EPERM;
  }();
  return controls_[key] = answer ? *answer : -ENOSYS;
}

AttackRunner::State AttackRunner::look(const ForkedCopy &copy, Address begin,
                                       std::uint64_t size) {
  State state;
  auto maps = sys::MapsReader::of_process(copy.pid(), sys::ReadSeals::without);
  for (;;) {
    auto mapping = maps.next();
    if (!mapping || !*mapping)
      break;
    Address from = std::max((*mapping)->range.begin(), begin);
    Address to = std::min((*mapping)->range.end(), begin + size);
    if (from < to)
      state.mappings += fmt::format(
          "{:x}-{:x} {} {} {:x} {}\n", from, to, (*mapping)->protection.bits,
          static_cast<int>((*mapping)->sharing),
          (*mapping)->inode == 0
              ? 0
              : (*mapping)->offset + (from - (*mapping)->range.begin()),
          (*mapping)->inode);
  }
  state.bytes.resize(std::min(size, compared_bytes));
  if (!copy.memory().read({begin}, state.bytes))
    state.bytes.clear();
  return state;
}

const AttackRunner::State &AttackRunner::state_before(
    const process::Segment &segment) {
  if (before_.first != segment.range.begin() || before_.second.mappings.empty())
    before_ = {segment.range.begin(),
               look(copy_, segment.range.begin(), segment.range.size())};
  return before_.second;
}

Trial AttackRunner::attempt(const Attack &attack,
                            const process::Segment &segment) {
  Trial trial;
  trial.promised = is_promised(attack, segment);
  auto copy = copy_.fork();
  if (!copy) {
    trial.detail =
        "it could not be copied: " + errno_name(copy.error().to_errno());
    return trial;
  }
  auto outcome =
      attack.attempt(*copy, {segment.range.begin(), segment.range.size(),
                             segment.protection, scratch_, page_});
  if (!outcome) {
    trial.detail = errno_name(outcome.error().to_errno());
    return trial;
  }
  Observation seen{
      .outcome = *outcome, .effect = attack.effect, .promised = trial.promised};
  if (outcome->lived()) {
    const State &before = state_before(segment);
    State after = look(*copy, segment.range.begin(), segment.range.size());
    seen.mapping_changed = after.mappings != before.mappings;
    seen.bytes_changed = after.bytes != before.bytes;
  }
  return judge(seen, [&] { return control(attack, segment.protection); });
}

}  // namespace memseal::probe
