// SPDX-License-Identifier: Apache-2.0
#include "probe/attack_vectors.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "process/proc_files.h"
#include "sys/maps_reader.h"
#include "tracer/registers.h"
#include "vm/advice.h"
#include "vm/maps_parser.h"

namespace memseal::probe {
namespace {

constexpr std::uint64_t anywhere = static_cast<std::uint64_t>(-1);

Result<CallOutcome> protect(ForkedCopy &copy, const Aim &aim, unsigned bits) {
  return copy.call(SYS_mprotect, {aim.begin, aim.size, bits});
}

/// Puts bytes into the copy's own page.
template <typename T>
Result<void> leave(ForkedCopy &copy, const Aim &aim, const T &value) {
  return copy.memory().write({aim.scratch},
                             std::as_bytes(std::span(&value, 1)));
}

}  // namespace

Result<CallOutcome> advise_by_descriptor(ForkedCopy &copy, const Aim &aim) {
  auto self = MEMSEAL_TRY(copy.call(SYS_getpid, {}));
  auto fd = MEMSEAL_TRY(
      copy.call(SYS_pidfd_open, {static_cast<std::uint64_t>(self.answer), 0}));
  if (fd.answer < 0)
    return fd;
  MEMSEAL_TRY_VOID(
      leave(copy, aim, iovec{reinterpret_cast<void *>(aim.begin), aim.size}));
  return copy.call(SYS_process_madvise, {static_cast<std::uint64_t>(fd.answer),
                                         aim.scratch, 1, MADV_DONTNEED, 0});
}

Result<CallOutcome> read_implies_exec(ForkedCopy &copy, const Aim &aim) {
  auto asked = MEMSEAL_TRY(copy.call(SYS_personality, {READ_IMPLIES_EXEC}));
  if (asked.answer < 0)
    return asked;
  return protect(copy, aim, PROT_READ);
}

Result<CallOutcome> protect_by_tag(ForkedCopy &copy, const Aim &aim) {
  // Where this is refused or there is no such processor, the tag is not
  // ignored, and the kernel finds nothing mapped there.
  constexpr std::uint64_t tag = std::uint64_t{1} << 57;
#if defined(SYS_arch_prctl)
  constexpr std::uint64_t enable_tags = 0x4002, bits = 6;
  MEMSEAL_TRY(copy.call(SYS_arch_prctl, {enable_tags, bits}));
#endif
  Aim tagged = aim;
  tagged.begin |= tag;
  return protect(copy, tagged, PROT_READ | PROT_WRITE);
}

Result<CallOutcome> free_and_page_out(ForkedCopy &copy, const Aim &aim) {
  auto freed = MEMSEAL_TRY(
      copy.call(SYS_madvise, {aim.begin, aim.size, advice::free.number}));
  if (!freed.lived() || freed.answer < 0)
    return freed;
  return copy.call(SYS_madvise, {aim.begin, aim.size, MADV_PAGEOUT});
}

Result<CallOutcome> attach_segment_over(ForkedCopy &copy, const Aim &aim) {
  auto id = MEMSEAL_TRY(
      copy.call(SYS_shmget, {IPC_PRIVATE, aim.page, IPC_CREAT | 0600}));
  if (id.answer < 0)
    return id;
  auto outcome = copy.call(
      SYS_shmat, {static_cast<std::uint64_t>(id.answer), aim.begin, SHM_REMAP});
  // The copy may be spoilt; the segment would outlive it.
  shmctl(static_cast<int>(id.answer), IPC_RMID, nullptr);
  return outcome;
}

Result<CallOutcome> write_own_memory(ForkedCopy &copy, const Aim &aim) {
  constexpr char path[] = "/proc/self/mem";
  MEMSEAL_TRY_VOID(leave(copy, aim, path));
  auto fd = MEMSEAL_TRY(copy.call(
      SYS_openat, {static_cast<std::uint64_t>(AT_FDCWD), aim.scratch, O_RDWR}));
  if (fd.answer < 0)
    return fd;
  // What is there, with one bit turned. [vvar] cannot be read this way, nor
  // written, which the answer will say.
  auto read = copy.memory().read_value<std::byte>({aim.begin});
  std::byte there = read ? *read : std::byte{0};
  MEMSEAL_TRY_VOID(leave(copy, aim, there ^ std::byte{1}));
  return copy.call(SYS_pwrite64, {static_cast<std::uint64_t>(fd.answer),
                                  aim.scratch, 1, aim.begin});
}

Result<CallOutcome> write_by_vector(ForkedCopy &copy, const Aim &aim) {
  auto self = MEMSEAL_TRY(copy.call(SYS_getpid, {}));
  iovec vectors[2] = {{reinterpret_cast<void *>(aim.scratch + 256), 1},
                      {reinterpret_cast<void *>(aim.begin), 1}};
  MEMSEAL_TRY_VOID(leave(copy, aim, vectors));
  return copy.call(SYS_process_vm_writev,
                   {static_cast<std::uint64_t>(self.answer), aim.scratch, 1,
                    aim.scratch + sizeof(iovec), 1, 0});
}

Result<CallOutcome> take_over_faults(ForkedCopy &copy, const Aim &aim) {
  auto fd = MEMSEAL_TRY(
      copy.call(SYS_userfaultfd, {O_CLOEXEC | UFFD_USER_MODE_ONLY}));
  if (fd.answer < 0)
    return fd;
  auto descriptor = static_cast<std::uint64_t>(fd.answer);
  uffdio_api api{};
  api.api = UFFD_API;
  MEMSEAL_TRY_VOID(leave(copy, aim, api));
  auto agreed =
      MEMSEAL_TRY(copy.call(SYS_ioctl, {descriptor, UFFDIO_API, aim.scratch}));
  if (agreed.answer < 0)
    return agreed;
  uffdio_register whole{};
  whole.range = {aim.begin, aim.size};
  whole.mode = UFFDIO_REGISTER_MODE_MISSING;
  MEMSEAL_TRY_VOID(leave(copy, aim, whole));
  return copy.call(SYS_ioctl, {descriptor, UFFDIO_REGISTER, aim.scratch});
}

namespace {

/// A page of our own before the segment, where there is room; else what is
/// there will do: it is a copy.
Result<Aim> with_page_before(ForkedCopy &copy, const Aim &aim) {
  Aim wider = aim;
  wider.begin -= aim.page;
  wider.size += aim.page;
  MEMSEAL_TRY(copy.call(
      SYS_mmap,
      {wider.begin, aim.page, PROT_READ | PROT_WRITE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, anywhere, 0}));
  return wider;
}

}  // namespace

Result<CallOutcome> protect_across(ForkedCopy &copy, const Aim &aim) {
  return protect(copy, MEMSEAL_TRY(with_page_before(copy, aim)), PROT_NONE);
}

Result<CallOutcome> unmap_across(ForkedCopy &copy, const Aim &aim) {
  Aim wider = MEMSEAL_TRY(with_page_before(copy, aim));
  return copy.call(SYS_munmap, {wider.begin, wider.size});
}

Result<CallOutcome> move_break(ForkedCopy &copy, const Aim &aim) {
  constexpr std::uint64_t low = 0x10000, size = 0x1000;
  prctl_mm_map map{};
  map.start_code = low;
  map.end_code = map.start_data = map.end_data = low + size;
  map.start_brk = aim.begin;
  map.brk = aim.begin + aim.size;
  map.start_stack = map.arg_start = map.arg_end = aim.scratch;
  map.env_start = map.env_end = aim.scratch;
  map.exe_fd = ~0u;
  MEMSEAL_TRY_VOID(leave(copy, aim, map));
  auto moved = MEMSEAL_TRY(copy.call(
      SYS_prctl, {PR_SET_MM, PR_SET_MM_MAP, aim.scratch, sizeof map, 0, 0}));
  if (!moved.lived() || moved.answer < 0)
    return moved;
  auto lowered = MEMSEAL_TRY(copy.call(SYS_brk, {aim.begin}));
  bool worked = static_cast<Address>(lowered.answer) == aim.begin;
  lowered.answer = worked ? 0 : -EPERM;
  return lowered;
}

namespace {

// Source: Linux, arch/x86/entry/syscalls/syscall_32.tbl.
constexpr long compat_mmap = 90, compat_munmap = 91, compat_mprotect = 125,
               compat_mmap2 = 192;

Result<CallOutcome> by_compat(ForkedCopy &copy, const Aim &aim, long number,
                              const ForkedCopy::Arguments &arguments) {
  CallOutcome outcome;
  if (aim.begin + aim.size > std::uint64_t{1} << 32) {
    outcome.answer = -ERANGE;
    return outcome;
  }
  auto page = MEMSEAL_TRY(
      copy.call(SYS_mmap, {0, aim.page, PROT_READ | PROT_EXEC,
                           MAP_PRIVATE | MAP_ANONYMOUS, anywhere, 0}));
  if (!page.lived() || page.answer < 0)
    return page;
  process::RemoteAddress door{static_cast<std::uint64_t>(page.answer)};
  MEMSEAL_TRY_VOID(copy.memory().write(
      door, std::as_bytes(std::span(tracer::compat_call_instruction))));
  return copy.compat_call(door, number, arguments);
}

}  // namespace

Result<CallOutcome> protect_by_compat(ForkedCopy &copy, const Aim &aim) {
  return by_compat(copy, aim, compat_mprotect,
                   {aim.begin, aim.size, PROT_READ | PROT_WRITE});
}

Result<CallOutcome> unmap_by_compat(ForkedCopy &copy, const Aim &aim) {
  return by_compat(copy, aim, compat_munmap, {aim.begin, aim.size});
}

Result<CallOutcome> map_over_by_oldest(ForkedCopy &copy, const Aim &aim) {
  const std::uint32_t arguments[6] = {static_cast<std::uint32_t>(aim.begin),
                                      static_cast<std::uint32_t>(aim.size),
                                      PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                                      ~0u,
                                      0};
  MEMSEAL_TRY_VOID(leave(copy, aim, arguments));
  return by_compat(copy, aim, compat_mmap, {aim.scratch});
}

Result<CallOutcome> map_over_by_compat(ForkedCopy &copy, const Aim &aim) {
  return by_compat(copy, aim, compat_mmap2,
                   {aim.begin, aim.size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, anywhere, 0});
}

namespace {

struct Backing {
  std::string path;
  std::uint64_t inode = 0;
};

Result<Backing> backing_of(const ForkedCopy &copy, Address inside) {
  auto maps = sys::MapsReader::of_process(copy.pid(), sys::ReadSeals::without);
  while (auto mapping = MEMSEAL_TRY(maps.next())) {
    if (!mapping->range.contains(inside))
      continue;
    std::string room(mapping->name.size(), '\0');
    if (mapping->inode != 0 && mapping->name.starts_with('/') &&
        !name_is_deleted(mapping->name))
      return Backing{std::string(unescape_name(mapping->name, room)),
                     mapping->inode};
    break;
  }
  return Backing{};
}

bool is_inode(const ForkedCopy &copy, const std::string &link,
              std::uint64_t inode) {
  struct stat status {};
  std::string path = "/proc/" + std::to_string(copy.pid()) + link;
  return stat(path.c_str(), &status) == 0 && status.st_ino == inode;
}

constexpr long nr_faccessat2 = 439;  // Linux 5.8; the same everywhere

}  // namespace

Result<CallOutcome> may_write_backing_file(ForkedCopy &copy, const Aim &aim) {
  Backing file = MEMSEAL_TRY(backing_of(copy, aim.begin));
  CallOutcome outcome;
  if (file.inode == 0 || file.path.size() >= aim.page) {
    outcome.answer = -ENODEV;
    return outcome;
  }
  auto path = std::as_bytes(std::span(file.path.c_str(), file.path.size() + 1));
  MEMSEAL_TRY_VOID(copy.memory().write({aim.scratch}, path));
  outcome =
      MEMSEAL_TRY(copy.call(SYS_openat, {static_cast<std::uint64_t>(AT_FDCWD),
                                         aim.scratch, O_PATH | O_CLOEXEC}));
  if (outcome.answer < 0)
    return outcome;
  if (!is_inode(copy, "/fd/" + std::to_string(outcome.answer), file.inode)) {
    outcome.answer = -ENOENT;
    return outcome;
  }
  auto fd = static_cast<std::uint64_t>(outcome.answer);
  const Address nothing = aim.scratch + file.path.size();
  outcome = MEMSEAL_TRY(copy.call(
      nr_faccessat2, {fd, nothing, W_OK, AT_EMPTY_PATH | AT_EACCESS}));
  if (outcome.answer == -ENOSYS)
    outcome = MEMSEAL_TRY(
        copy.call(SYS_faccessat,
                  {static_cast<std::uint64_t>(AT_FDCWD), aim.scratch, W_OK}));
  // Nobody may write to a program as long as it runs.
  if (outcome.answer == 0 && is_inode(copy, "/exe", file.inode))
    outcome.answer = -ETXTBSY;
  return outcome;
}

}  // namespace memseal::probe
