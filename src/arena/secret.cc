// SPDX-License-Identifier: Apache-2.0
#include "arena/secret.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <new>

#include "seal/commit.h"
#include "sys/memory.h"
#include "sys/owned_pages.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

constexpr std::size_t most = std::size_t{1} << 30;
constexpr std::size_t alignment = 16;
using Mark = std::array<std::uint64_t, 2>;
constexpr Mark mark = {0x6d65'6d73'6561'6c00, 0x7365'6372'6574'0001};

// Headers older than the kernel lack them.
constexpr int wipe_on_fork = 18;         // MADV_WIPEONFORK
constexpr long nr_memfd_secret = 447;    // x86-64 and arm64
constexpr long close_on_exec = 0x80000;  // O_CLOEXEC

PageRange pages_at(Address begin, std::size_t size) {
  return *PageRange::create(begin, size, sys::page_size());
}

/// Shared memory of a file that nobody can open again.
Result<void> map_secretmem(PageRange data) {
  sys::ReturnValue file = sys::call(nr_memfd_secret, close_on_exec);
  if (file.failed())  // a list of permitted calls says EPERM
    return file.error() == EMFILE || file.error() == ENFILE
               ? fail(Errc::system, file.error())
               : fail(Errc::unsupported);
  auto mapped = sys::result(sys::call(SYS_ftruncate, file.raw, data.size()));
  if (mapped)
    mapped = sys::result(sys::call(SYS_mmap, data.begin(), data.size(),
                                   PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_FIXED, file.raw, 0));
  (void)sys::call(SYS_close, file.raw);
  MEMSEAL_TRY(std::move(mapped));
  return {};
}

/// What only works as long as the pages are not sealed.
Result<void> advise(PageRange data, Secret::Backing backing) {
  MEMSEAL_TRY(sys::result(
      sys::call(SYS_madvise, data.begin(), data.size(), MADV_DONTDUMP)));
  if (backing == Secret::Backing::memfd_secret)
    return {};  // is locked by its nature
  sys::ReturnValue wiped =
      sys::call(SYS_madvise, data.begin(), data.size(), wipe_on_fork);
  if (wiped.error() == EINVAL)
    return fail(Errc::unsupported);
  MEMSEAL_TRY(sys::result(wiped));
  MEMSEAL_TRY(sys::result(sys::call(SYS_mlock, data.begin(), data.size())));
  return {};
}

/// The compiler may not leave it out.
void overwrite(PageRange data) {
  auto *word = reinterpret_cast<volatile std::uint64_t *>(data.begin());
  for (std::size_t i = 0; i < data.size() / sizeof *word; ++i)
    word[i] = 0;
}

}  // namespace

Secret::Secret(PageRange all, PageRange data, std::size_t size, Backing backing)
    : all_(all),
      data_(data),
      size_(size),
      backing_(backing),
      bytes_(reinterpret_cast<void *>(
          data.end() - ((size + alignment - 1) & ~(alignment - 1)))) {}

Result<Secret *> Secret::create(std::size_t size, Backing backing) {
  if (size == 0 || size > most)
    return fail(Errc::invalid);
  const std::size_t page = sys::page_size();
  std::size_t used =
      (size + alignment - 1 + sizeof mark + page - 1) & ~(page - 1);
  auto owned = MEMSEAL_TRY(sys::OwnedPages::create(used + 3 * page));
  PageRange all = *owned.range();
  PageRange data = pages_at(all.begin() + 2 * page, used);
  MEMSEAL_TRY_VOID(sys::protect(pages_at(all.begin() + page, page), {0}));
  MEMSEAL_TRY_VOID(sys::protect(pages_at(data.end(), page), {0}));
  if (backing == Backing::memfd_secret)
    MEMSEAL_TRY_VOID(map_secretmem(data));
  MEMSEAL_TRY_VOID(advise(data, backing));
  *reinterpret_cast<Mark *>(data.begin()) = mark;
  owned.release();
  return new (reinterpret_cast<void *>(all.begin()))
      Secret(all, data, size, backing);
}

bool Secret::has_mark() const {
  return *reinterpret_cast<const Mark *>(data_.begin()) == mark;
}

Secret::State Secret::state() const {
  if (bytes_ == nullptr)
    return State::wiped;
  if (!has_mark())
    return State::parents;
  return sealed_ ? State::sealed : State::open;
}

Result<void> Secret::protect(unsigned bits) {
  MEMSEAL_TRY_VOID(sys::protect(data_, {bits}));
  return sys::protect(pages_at(all_.begin(), sys::page_size()), {bits});
}

Result<void> Secret::seal(Engine engine) {
  switch (state()) {
    case State::sealed:
      return {};
    case State::wiped:
    case State::parents:
      return fail(Errc::wiped);
    case State::open:
      break;
  }
  sealed_ = true;
  auto done = protect(Protection::read);
  const SealRequest requests[] = {{all_}};
  if (done)
    done = commit(
        {.requests = requests, .engine = engine, .subject = Subject::secret});
  // Where mseal(2) stopped half way, for want of mappings, nothing comes back.
  if (!done && protect(Protection::read | Protection::write))
    sealed_ = false;
  return done;
}

Result<void> Secret::wipe() {
  if (bytes_ == nullptr)
    return {};
  if (sealed_)
    return fail(Errc::denied);
  overwrite(data_);
  // The addresses stay taken: `free` unmaps them, and nobody else's memory.
  MEMSEAL_TRY(sys::result(sys::call(
      SYS_mmap, data_.begin(), data_.size(), PROT_NONE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0)));
  bytes_ = nullptr;
  return {};
}

Result<void> Secret::free() {
  MEMSEAL_TRY_VOID(wipe());
  return sys::unmap(all_);
}

}  // namespace memseal
