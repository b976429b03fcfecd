// SPDX-License-Identifier: Apache-2.0
// The program is compiled here, written into a fresh mapping there, handed to
// the kernel, and the mapping is taken away again. The listener is born as a
// descriptor of the guarded process, which must not keep it (it could answer
// its own hits): we copy it and have the original closed.
#include "tracer/remote_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "tracer/remote_memory.h"

namespace memseal::tracer {
namespace {

// Linux 5.19; older headers do not know it.
constexpr std::uint64_t wait_killable_recv = 1u << 5;
constexpr std::size_t most_instructions = 4096;

std::vector<filter::GuardedRange> guarded(
    std::span<const PlannedRange> ranges) {
  SealPlan plan;
  plan.ranges.assign(ranges.begin(), ranges.end());
  for (PlannedRange &range : plan.ranges)
    range.seal = KernelSeal::unknown;  // all of them, sealed or not
  std::vector<filter::GuardedRange> merged;
  for (PageRange range : plan.calls())
    merged.push_back({range, seal_type::all});
  return merged;
}

class Installer {
public:
  Installer(RemoteCalls &calls, pid_t pid) : calls_(calls), pid_(pid) {}

  Result<int> install(std::span<const std::byte> program,
                      filter::OnHit on_hit) {
    RemoteMemory memory = MEMSEAL_TRY(RemoteMemory::open(pid_));
    std::uint64_t size = sizeof(sock_fprog) + program.size();
    std::uint64_t page = MEMSEAL_TRY(
        call(SYS_mmap, {0, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, ~std::uint64_t{0}, 0}));
    sock_fprog header{};
    header.len = static_cast<unsigned short>(program.size() / 8);
    header.filter = reinterpret_cast<sock_filter *>(page + sizeof header);
    MEMSEAL_TRY_VOID(
        memory.write({page}, std::as_bytes(std::span(&header, 1))));
    MEMSEAL_TRY_VOID(memory.write({page + sizeof header}, program));
    Result<std::uint64_t> made = install_with_rights(page, on_hit);
    MEMSEAL_TRY(call(SYS_munmap, {page, size, 0, 0, 0, 0}));
    std::uint64_t descriptor = MEMSEAL_TRY(made);
    return on_hit == filter::OnHit::notify ? fetch(descriptor) : -1;
  }

private:
  Result<std::uint64_t> call(long number,
                             std::array<std::uint64_t, 6> arguments) {
    long answer = MEMSEAL_TRY(calls_.call(number, arguments));
    if (answer < 0 && answer > -4096)
      return fail(Errc::system, static_cast<int>(-answer));
    return static_cast<std::uint64_t>(answer);
  }

  Result<std::uint64_t> install_with_rights(std::uint64_t program,
                                            filter::OnHit on_hit) {
    auto made = install_with_flags(program, on_hit);
    if (made || made.error().sys_errno != EACCES)
      return made;
    MEMSEAL_TRY(call(SYS_prctl, {PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0}));
    return install_with_flags(program, on_hit);
  }

  Result<std::uint64_t> install_with_flags(std::uint64_t program,
                                           filter::OnHit on_hit) {
    std::uint64_t flags =
        SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    if (on_hit != filter::OnHit::notify)
      return set_filter(flags, program);
    flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
    auto made = set_filter(flags | wait_killable_recv, program);
    if (!made && made.error().sys_errno == EINVAL)
      made = set_filter(flags, program);
    return made;
  }

  Result<std::uint64_t> set_filter(std::uint64_t flags, std::uint64_t program) {
    return call(SYS_seccomp,
                {SECCOMP_SET_MODE_FILTER, flags, program, 0, 0, 0});
  }

  Result<int> fetch(std::uint64_t descriptor) {
    long process = syscall(SYS_pidfd_open, pid_, 0);
    long mine = process < 0 ? process
                            : syscall(SYS_pidfd_getfd, process, descriptor, 0);
    int error = errno;
    if (process >= 0)
      close(static_cast<int>(process));
    MEMSEAL_TRY(call(SYS_close, {descriptor, 0, 0, 0, 0, 0}));
    // Without a listener every hit is answered with ENOSYS: still denied.
    if (mine < 0)
      return fail(Errc::system, error);
    return static_cast<int>(mine);
  }

  RemoteCalls &calls_;
  pid_t pid_;
};

}  // namespace

Result<int> install_remote_filter(RemoteCalls &calls, pid_t pid,
                                  std::span<const PlannedRange> ranges,
                                  filter::OnHit on_hit) {
  std::vector<filter::GuardedRange> sorted = guarded(ranges);
  // PageRange has no empty value to fill a table with.
  std::vector<PageRange> scratch;
  for (const filter::GuardedRange &range : sorted)
    scratch.push_back(range.range);
  using Instruction = std::remove_cvref_t<
      decltype(std::declval<bpf::Program>().instructions()[0])>;
  static_assert(sizeof(Instruction) == sizeof(sock_filter));
  std::vector<Instruction> room(most_instructions);
  filter::RangeOptions options;
  options.on_hit = on_hit;
  auto program = MEMSEAL_TRY(filter::compile(sorted, options, room, scratch));
  return Installer(calls, pid)
      .install(std::as_bytes(program.instructions()), on_hit);
}

}  // namespace memseal::tracer
