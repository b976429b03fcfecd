// SPDX-License-Identifier: Apache-2.0
#include "supervisor/memory_limits.h"

#include <linux/seccomp.h>
#include <sys/uio.h>

#include <optional>

#include "filter/syscall_table.h"
#include "keeper/filter.h"
#include "process/mappings.h"
#include "process/tree_files.h"

namespace memseal::supervisor {
namespace {

constexpr std::size_t most_limits = 4096;
/// No sum of it and a fence wraps.
constexpr std::uint64_t largest = 1UL << 62;

/// What inaccessible memory there is from the border on. Units: bytes.
std::uint64_t size_of_fence(pid_t thread, Address border, std::size_t page) {
  std::string maps = process::tree_text_of(thread, "maps");
  auto all = process::Mappings::parse(maps, page);
  std::uint64_t size = 0;
  for (const Mapping &mapping : all.mappings()) {
    if (mapping.range.begin() >= border && mapping.inode == 0 &&
        mapping.protection == Protection{} && mapping.name.empty())
      size += mapping.range.size();
  }
  return size;
}

std::optional<rlimit> read_limit(pid_t thread, std::uint64_t address) {
  rlimit limit{};
  iovec here{&limit, sizeof limit},
      there{reinterpret_cast<void *>(address), sizeof limit};
  bool all = process_vm_readv(thread, &here, 1, &there, 1, 0) == sizeof limit;
  return all ? std::optional(limit) : std::nullopt;
}

bool write_limit(pid_t thread, std::uint64_t address, rlimit limit) {
  iovec here{&limit, sizeof limit},
      there{reinterpret_cast<void *>(address), sizeof limit};
  return process_vm_writev(thread, &here, 1, &there, 1, 0) == sizeof limit;
}

std::uint64_t raised(std::uint64_t limit, std::uint64_t size) {
  return limit >= largest ? limit : limit + size;
}

}  // namespace

Verdict MemoryLimits::set(pid_t thread, const seccomp_data &data,
                          Address border, std::size_t page) {
  const auto calls = keeper::limit_calls(filter::native_architecture());
  const bool sets_only = static_cast<std::uint32_t>(data.nr) == calls.setrlimit;
  const std::uint64_t from = data.args[sets_only ? 1 : 2];
  const std::uint64_t old_to = sets_only ? 0 : data.args[3];
  const pid_t process = process::process_of(thread);
  const auto whose = static_cast<pid_t>(data.args[0]);
  if (process == 0 || (!sets_only && whose != 0 && whose != process))
    return {};
  auto asked = read_limit(thread, from);
  rlimit now{};
  if (!asked || asked->rlim_cur >= largest ||
      asked->rlim_cur > asked->rlim_max ||
      prlimit(process, RLIMIT_AS, nullptr, &now) != 0)
    return {};
  const std::uint64_t size = size_of_fence(thread, border, page);
  const rlimit larger{raised(asked->rlim_cur, size),
                      raised(asked->rlim_max, size)};
  // To raise the hard limit takes a right of its own, which we may have and it
  // not.
  if (size == 0 || larger.rlim_max > now.rlim_max ||
      asked_.size() >= most_limits ||
      (old_to != 0 && !write_limit(thread, old_to, now)) ||
      prlimit(process, RLIMIT_AS, &larger, nullptr) != 0)
    return {};
  asked_[larger.rlim_cur] = *asked;
  return {.kind = Verdict::Kind::answer, .value = 0};
}

void MemoryLimits::begin(pid_t thread) const {
  rlimit now{};
  if (asked_.empty() || prlimit(thread, RLIMIT_AS, nullptr, &now) != 0)
    return;
  auto found = asked_.find(now.rlim_cur);
  if (found != asked_.end())
    static_cast<void>(prlimit(thread, RLIMIT_AS, &found->second, nullptr));
}

}  // namespace memseal::supervisor
