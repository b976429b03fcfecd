// SPDX-License-Identifier: Apache-2.0
// The program is compiled here, written into a fresh mapping there, handed to
// the kernel, and the mapping is taken away again. The listener is born as a
// descriptor of the guarded process, which must not keep it (it could answer
// its own violations): we copy it and have the original closed.
#include "tracer/remote_filter.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "process/remote_memory.h"

namespace memseal::tracer {
namespace {

// Linux 5.19; older headers do not know it.
constexpr std::uint64_t wait_killable_recv = 1u << 5;
constexpr std::size_t most_instructions = 4096;

using Instruction = std::remove_cvref_t<
    decltype(std::declval<bpf::Program>().instructions()[0])>;
static_assert(sizeof(Instruction) == sizeof(sock_filter));
using Code = std::vector<Instruction>;

Code copy(const bpf::Program &program) {
  auto instructions = program.instructions();
  return {instructions.begin(), instructions.end()};
}

Result<Code> compile_base() {
  Code room(most_instructions);
  return copy(MEMSEAL_TRY(filter::compile_base(
      BaseLevel::compatible, filter::native_architecture(), room)));
}

Result<Code> compile_part(std::span<const PageRange> ranges, SealTypes types,
                          filter::OnViolation on_violation, filter::Part part) {
  std::vector<filter::GuardedRange> guarded;
  for (PageRange range : ranges)
    guarded.push_back({range, types});
  std::vector<PageRange> scratch(ranges.begin(), ranges.end());
  Code room(most_instructions);
  filter::RangeOptions options;
  options.on_violation = on_violation;
  options.part = part;
  return copy(MEMSEAL_TRY(filter::compile(guarded, options, room, scratch)));
}

/// What does not fit into one program makes two. Not where somebody listens:
/// there can be one listener only.
Result<std::vector<Code>> compile_ranges(std::span<const PageRange> ranges,
                                         SealTypes types,
                                         filter::OnViolation on_violation) {
  std::vector<Code> programs;
  auto whole = compile_part(ranges, types, on_violation, filter::Part::whole);
  if (whole) {
    programs.push_back(std::move(*whole));
    return programs;
  }
  if (whole.error().code != Errc::budget ||
      on_violation == filter::OnViolation::notify)
    return std::unexpected(whole.error());
  // The one that forbids least comes first, in case it stays alone.
  for (auto part : {filter::Part::moved_from, filter::Part::all_but_moved_from})
    programs.push_back(
        MEMSEAL_TRY(compile_part(ranges, types, on_violation, part)));
  return programs;
}

class Installer {
public:
  Installer(const MakeCall &make, pid_t pid) : make_(make), pid_(pid) {}

  /// All of them; only the last one answers with `on_violation`.
  Result<RemoteFilter> install(std::span<const Code> programs,
                               filter::OnViolation on_violation) {
    process::RemoteMemory memory =
        MEMSEAL_TRY(process::RemoteMemory::open(pid_));
    constexpr std::uint64_t size =
        sizeof(sock_fprog) + most_instructions * sizeof(Instruction);
    std::uint64_t page = MEMSEAL_TRY(
        call(SYS_mmap, {0, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, ~std::uint64_t{0}, 0}));
    Result<RemoteFilter> done = RemoteFilter{};
    for (const Code &code : programs) {
      bool last = &code == &programs.back();
      done = install_one(memory, page, code,
                         last ? on_violation : filter::OnViolation::deny);
      if (!done)
        break;
    }
    MEMSEAL_TRY(call(SYS_munmap, {page, size}));
    return done;
  }

private:
  Result<RemoteFilter> install_one(const process::RemoteMemory &memory,
                                   std::uint64_t page, const Code &code,
                                   filter::OnViolation on_violation) {
    sock_fprog header{};
    header.len = static_cast<unsigned short>(code.size());
    header.filter = reinterpret_cast<sock_filter *>(page + sizeof header);
    MEMSEAL_TRY_VOID(
        memory.write({page}, std::as_bytes(std::span(&header, 1))));
    MEMSEAL_TRY_VOID(
        memory.write({page + sizeof header}, std::as_bytes(std::span(code))));
    std::uint64_t answer = MEMSEAL_TRY(install_with_rights(page, on_violation));
    ++count_.programs;
    count_.instructions += static_cast<std::uint32_t>(code.size());
    if (on_violation == filter::OnViolation::notify)
      return RemoteFilter{MEMSEAL_TRY(fetch(answer)), count_};
    // The number of a thread that could not be brought under it.
    if (answer != 0)
      return fail(Errc::unsynchronised);
    return RemoteFilter{-1, count_};
  }

  Result<std::uint64_t> call(long number,
                             std::array<std::uint64_t, 6> arguments) {
    return checked_call(make_, {number, arguments});
  }

  Result<std::uint64_t> install_with_rights(std::uint64_t program,
                                            filter::OnViolation on_violation) {
    auto made = install_with_flags(program, on_violation);
    if (made || made.error().sys_errno != EACCES)
      return made;
    MEMSEAL_TRY(call(SYS_prctl, {PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0}));
    return install_with_flags(program, on_violation);
  }

  Result<std::uint64_t> install_with_flags(std::uint64_t program,
                                           filter::OnViolation on_violation) {
    std::uint64_t flags =
        SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    if (on_violation != filter::OnViolation::notify)
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
    // Without a listener every violation gets ENOSYS: still denied.
    if (mine < 0)
      return fail(Errc::system, error);
    return static_cast<int>(mine);
  }

  const MakeCall &make_;
  pid_t pid_;
  InstalledFilters count_;
};

}  // namespace

Result<RemoteFilter> install_remote_filter(const MakeCall &make, pid_t pid,
                                           std::span<const PageRange> ranges,
                                           SealTypes types,
                                           filter::OnViolation on_violation,
                                           Base base) {
  // All that may fail here fails before anything is done there.
  std::vector<Code> programs =
      MEMSEAL_TRY(compile_ranges(ranges, types, on_violation));
  if (base == Base::comes_first)
    programs.insert(programs.begin(), MEMSEAL_TRY(compile_base()));
  return Installer(make, pid).install(programs, on_violation);
}

}  // namespace memseal::tracer
