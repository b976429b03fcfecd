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

#include <cerrno>
#include <vector>

#include "process/remote_memory.h"
#include "sys/huge_files.h"

namespace memseal::tracer {
namespace {

// Linux 5.19; older headers do not know it.
constexpr std::uint64_t wait_killable_recv = 1u << 5;
class Installer {
public:
  Installer(const MakeCall &make, pid_t pid) : make_(make), pid_(pid) {}

  /// All of them; only the last one gets `on_violation`.
  Result<RemoteFilter> install(std::span<const bpf::Program> programs,
                               OnViolation on_violation) {
    process::RemoteMemory memory =
        MEMSEAL_TRY(process::RemoteMemory::open(pid_));
    constexpr std::uint64_t size =
        sizeof(sock_fprog) + bpf::max_instructions * sizeof(sock_filter);
    std::uint64_t page = MEMSEAL_TRY(
        call(SYS_mmap, {0, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, ~std::uint64_t{0}, 0}));
    Result<RemoteFilter> done = RemoteFilter{};
    for (const bpf::Program &program : programs) {
      bool last = &program == &programs.back();
      done = install_one(memory, page, program,
                         last ? on_violation : OnViolation::deny);
      if (!done)
        break;
    }
    MEMSEAL_TRY(call(SYS_munmap, {page, size}));
    return done;
  }

private:
  Result<RemoteFilter> install_one(const process::RemoteMemory &memory,
                                   std::uint64_t page,
                                   const bpf::Program &program,
                                   OnViolation on_violation) {
    sock_fprog header{};
    header.len = static_cast<unsigned short>(program.size());
    header.filter = reinterpret_cast<sock_filter *>(page + sizeof header);
    MEMSEAL_TRY_VOID(
        memory.write({page}, std::as_bytes(std::span(&header, 1))));
    MEMSEAL_TRY_VOID(memory.write({page + sizeof header},
                                  std::as_bytes(program.instructions())));
    std::uint64_t answer = MEMSEAL_TRY(install_with_rights(page, on_violation));
    count_ += filter::count_of(program);
    if (asks_supervisor(on_violation))
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
                                            OnViolation on_violation) {
    auto made = install_with_flags(program, on_violation);
    if (made || made.error().sys_errno != EACCES)
      return made;
    MEMSEAL_TRY(call(SYS_prctl, {PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0}));
    return install_with_flags(program, on_violation);
  }

  Result<std::uint64_t> install_with_flags(std::uint64_t program,
                                           OnViolation on_violation) {
    std::uint64_t flags =
        SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    if (!asks_supervisor(on_violation))
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
  filter::FilterCount count_;
};

}  // namespace

Result<RemoteFilter> install_remote_filter(const MakeCall &make, pid_t pid,
                                           std::span<const PageRange> ranges,
                                           SealTypes types,
                                           OnViolation on_violation,
                                           Base base) {
  // All that may fail here fails before anything is done there.
  std::vector<filter::GuardedRange> guarded;
  for (PageRange range : ranges)
    guarded.push_back({range, types});
  std::vector<PageRange> scratch(ranges.begin(), ranges.end());
  std::vector<bpf::Instruction> storage(filter::programs_storage);
  std::vector<bpf::Instruction> base_storage(bpf::max_instructions);
  filter::RangeOptions options;
  options.on_violation = on_violation;
  if (!sys::may_map_huge_files(pid))
    options.huge_files = filter::HugeFiles::none;
  auto compiled =
      MEMSEAL_TRY(filter::compile_programs(guarded, options, storage, scratch));
  std::vector<bpf::Program> programs(compiled.begin(), compiled.end());
  if (base == Base::comes_first)
    programs.insert(programs.begin(), MEMSEAL_TRY(filter::compile_base(
                                          BaseLevel::compatible,
                                          options.architecture, base_storage)));
  return Installer(make, pid).install(programs, on_violation);
}

}  // namespace memseal::tracer
