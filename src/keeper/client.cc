// SPDX-License-Identifier: Apache-2.0
#include "keeper/client.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <atomic>

#include "keeper/protocol.h"
#include "sys/huge_parts.h"
#include "sys/maps_reader.h"
#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::keeper {
namespace {

/// The page that stands for this image now (protocol.h). Not protected: who
/// takes it away has children that the keeper knows nothing of, and refuses.
struct Identity {
  Address page = 0;
  std::uint64_t inode = 0;
  bool known = false;  ///< where it is: another library may have made it
};
constinit Identity identity;

/// The process and the thread that is in a batch. A process that was forked
/// meanwhile has another number, and need not wait for a thread that it does
/// not have; nor does a signal handler wait for what it interrupted.
constinit std::atomic<std::uint64_t> holder{0};

/// Returns who held it before, if that does not count.
std::uint64_t lock() {
  const auto process = static_cast<std::uint64_t>(sys::call(SYS_getpid).raw);
  const auto thread = static_cast<std::uint64_t>(sys::call(SYS_gettid).raw);
  const std::uint64_t self = process << 32 | thread;
  for (;;) {
    std::uint64_t other = holder.load(std::memory_order_relaxed);
    if (other == self)
      return self;
    if (other >> 32 != process && holder.compare_exchange_weak(other, self))
      return 0;
    sys::call(SYS_sched_yield);
  }
}

/// Without a keeper it is brk(0): the address of the break.
long ask(KeeperRequest request, std::uint64_t begin = 0, std::uint64_t size = 0,
         std::uint64_t image = 0) {
  return sys::call(SYS_brk, 0, keeper_cookie,
                   static_cast<std::uint64_t>(request), begin, size, image)
      .raw;
}

KeeperHere keeper_in(long answer) {
  const ZoneShape zone(static_cast<std::uint8_t>(answer));
  if ((answer & ~0xffL) == keeper_only_watches)
    return {Presence::watches, zone};
  if ((answer & ~0xffL) == keeper_is_here)
    return {Presence::enforces, zone};
  return {};
}

Result<Address> map_page_of(int fd) {
  const int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
  return static_cast<Address>(MEMSEAL_TRY(sys::result(
      sys::call(SYS_mmap, 0, sys::page_size(), PROT_NONE, flags, fd, 0))));
}

/// Where the last one was: in one step, and where other libraries of ours that
/// are here look for it. A fork in between has both; the keeper takes the
/// newer.
void take_place(Address fresh) {
  if (identity.page == 0)
    identity.page = fresh;
  else
    sys::call(SYS_mremap, fresh, sys::page_size(), sys::page_size(),
              MREMAP_MAYMOVE | MREMAP_FIXED, identity.page);
}

/// Of a file that cannot be asked.
Result<std::uint64_t> inode_at(Address page) {
  auto maps = sys::MapsReader::of_self(sys::ReadSeals::without);
  while (auto mapping = MEMSEAL_TRY(maps.next())) {
    if (mapping->range.contains(page))
      return mapping->inode;
  }
  return fail(Errc::system, ENOMEM);
}

int make_file() {
  // Linux 6.3, which may be told to make no others (vm.memfd_noexec).
  constexpr unsigned no_exec = 8;
  sys::ReturnValue fd =
      sys::call(SYS_memfd_create, identity_name, MFD_CLOEXEC | no_exec);
  if (fd.error() == EINVAL)
    fd = sys::call(SYS_memfd_create, identity_name, MFD_CLOEXEC);
  return fd.failed() ? -1 : static_cast<int>(fd.raw);
}

/// Another page, which the keeper has to be told of. The last one stays: by
/// that the keeper knows what is sealed in a process that it has not seen yet.
Result<Address> make_identity(SealBatch::Calls calls) {
  if (!identity.known)
    identity.page = static_cast<Address>(ask(KeeperRequest::identity));
  identity.known = true;
  struct stat file {};
  int fd = calls == SealBatch::Calls::any ? make_file() : -1;
  bool told = fd >= 0 && !sys::call(SYS_fstat, fd, &file).failed();
  auto page = map_page_of(told ? fd : -1);
  if (fd >= 0)
    sys::call(SYS_close, fd);
  if (page)
    identity.inode = told ? file.st_ino : MEMSEAL_TRY(inode_at(*page));
  return page;
}

/// Changes nothing, and fails if anything in the range is not mapped. Source:
/// msync(2), ENOMEM.
bool has_holes(PageRange range) {
  return sys::call(SYS_msync, range.begin(), range.size(), MS_ASYNC).error() ==
         ENOMEM;
}

}  // namespace

KeeperHere keeper_here() {
  return keeper_in(ask(KeeperRequest::ask));
}

KeeperHere announce_image() {
  identity = {.known = true};
  return keeper_in(ask(KeeperRequest::new_image));
}

SealBatch::SealBatch(Calls calls) : calls_(calls), interrupted_(lock()) {}

SealBatch::~SealBatch() {
  holder.store(interrupted_);
}

Result<void> SealBatch::seal(PageRange range, Sealed what) {
  if (has_holes(range))
    return fail(Errc::hole);
  KeeperRequest request = KeeperRequest::seal_object;
  if (what == Sealed::memory) {
    // Asked after it: what is mapped above the end of the heap stays above, for
    // brk(2) does not grow over a mapping.
    auto heap_end = static_cast<unsigned long>(sys::call(SYS_brk, 0).raw);
    request = range.begin() < heap_end ? KeeperRequest::seal_heap
                                       : KeeperRequest::seal;
    if (sys::cuts_huge_page(range))
      return fail(Errc::misaligned);
  }
  Address fresh = has_identity_ ? 0 : MEMSEAL_TRY(make_identity(calls_));
  long done = ask(request, range.begin(), range.size(), identity.inode);
  if (done != 0) {
    if (fresh != 0)
      sys::call(SYS_munmap, fresh, sys::page_size());
    return fail(Errc::system, done < 0 ? static_cast<int>(-done) : ENOSYS);
  }
  has_identity_ = true;
  if (fresh != 0)
    take_place(fresh);
  // From now on nothing of it can be unmapped.
  if (what == Sealed::memory && has_holes(range))
    return fail(Errc::hole);
  return {};
}

}  // namespace memseal::keeper
