// SPDX-License-Identifier: Apache-2.0
// memseal.h in terms of seal.h: arguments in, errno out.
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>

#include "filter/huge_pages.h"
#include "memseal/memseal.h"
#include "memseal/seal.h"
#include "seal/commit.h"
#include "seal/engine_flags.h"
#include "seal/register.h"
#include "seal/seal_sites.h"
#include "sys/memory.h"
#include "sys/owned_pages.h"
#include "sys/syscall.h"

namespace memseal {
namespace {

static_assert(MEMSEAL_SEAL == seal_type::seal.bits);
static_assert(MEMSEAL_MPROTECT == seal_type::mprotect.bits);
static_assert(MEMSEAL_MUNMAP == seal_type::munmap.bits);
static_assert(MEMSEAL_MMAP == seal_type::mmap.bits);
static_assert(MEMSEAL_MREMAP == seal_type::mremap.bits);
static_assert(MEMSEAL_DISCARD == seal_type::discard.bits);
static_assert(MEMSEAL_ALL == seal_type::all.bits);
static_assert(MEMSEAL_MAPPING == seal_type::mapping.bits);
static_assert(MEMSEAL_PROTECTION == seal_type::protection.bits);

// linux/mman.h calls it by an architecture's name, or not at all.
constexpr int map_fixed = 0x10, map_hugetlb = 0x40000;
constexpr int grows = 0x01000000 | 0x02000000;  // PROT_GROWSDOWN, GROWSUP

int answer(Result<void> outcome) {
  if (outcome)
    return 0;
  errno = outcome.error().to_errno();
  return -1;
}

void note(const void *addr, std::size_t len, const void *return_address) {
  auto range = PageRange::covering(reinterpret_cast<Address>(addr), len,
                                   sys::page_size());
  if (range)
    note_seal(*range, SealedThing::pages, return_address);
}

/// S-01.
Result<void> check_flags(unsigned types, unsigned flags) {
  if ((types & ~MEMSEAL_ALL) != 0 ||
      (flags & ~(MEMSEAL_DOWNGRADABLE | MEMSEAL_ENGINES)) != 0)
    return fail(Errc::invalid);
  if ((flags & MEMSEAL_DOWNGRADABLE) != 0 && (types & MEMSEAL_MPROTECT) == 0)
    return fail(Errc::invalid);
  return {};
}

/// S-02 … S-05: the pages, or nothing for a length of 0.
Result<std::optional<PageRange>> pages_of(const void *addr, std::size_t len) {
  auto begin = reinterpret_cast<Address>(addr);
  std::size_t page = sys::page_size();
  if (begin % page != 0)
    return fail(Errc::misaligned);
  if (len == 0)
    return std::nullopt;
  return MEMSEAL_TRY(PageRange::covering(begin, len, page));
}

Downgrade downgrade_of(unsigned flags) {
  return (flags & MEMSEAL_DOWNGRADABLE) != 0 ? Downgrade::allowed
                                             : Downgrade::refused;
}

Result<void> seal_one(void *addr, std::size_t len, unsigned types,
                      unsigned flags) {
  MEMSEAL_TRY_VOID(check_flags(types, flags));
  auto range = MEMSEAL_TRY(pages_of(addr, len));
  if (!range)
    return {};
  SealRequest request{*range, SealTypes{types}, downgrade_of(flags)};
  return commit(std::span(&request, 1), engine_of(flags));
}

/// S-01 … S-05 for all ranges, and step 0 of the commit. In a pass of its own,
/// before there is a list: its memory could fill a hole.
Result<std::optional<FirstHole>> check_many(
    std::span<const memseal_range> ranges) {
  for (const memseal_range &one : ranges) {
    if ((one.flags & MEMSEAL_ENGINES) != 0)
      return fail(Errc::invalid);
    MEMSEAL_TRY_VOID(check_flags(one.types, one.flags));
    MEMSEAL_TRY_VOID(pages_of(one.addr, one.len));
  }
  auto hole = MEMSEAL_TRY(first_hole(0, ranges.size(), [&](std::size_t i) {
    return *pages_of(ranges[i].addr, ranges[i].len);
  }));
  if (hole) {  // what has no pages makes no request
    auto before = ranges.first(hole->index);
    hole->index -= static_cast<std::size_t>(
        std::ranges::count(before, std::size_t{0}, &memseal_range::len));
  }
  return hole;
}

Result<void> seal_many(const memseal_range *ranges, std::size_t count,
                       unsigned flags) {
  if ((flags & ~MEMSEAL_ENGINES) != 0 || (ranges == nullptr && count != 0))
    return fail(Errc::invalid);
  auto all = std::span(ranges, count);
  auto hole = MEMSEAL_TRY(check_many(all));
  sys::OwnedList<SealRequest> requests;
  for (const memseal_range &one : all) {
    auto range = MEMSEAL_TRY(pages_of(one.addr, one.len));
    if (range)
      MEMSEAL_TRY_VOID(requests.push_back(
          {*range, SealTypes{one.types}, downgrade_of(one.flags)}));
  }
  if (requests.empty())
    return {};
  return commit({requests.view(), engine_of(flags), {}, hole});
}

Result<void> protect_and_seal(void *addr, std::size_t len, int prot) {
  constexpr int ours = MEMSEAL_PROT_IMMUTABLE | MEMSEAL_PROT_DOWNGRADABLE;
  bool both = (prot & ours) == ours;
  if (both || (prot & grows) != 0)
    return fail(Errc::invalid);
  int plain = prot & ~ours;
  if ((prot & ours) == 0) {
    MEMSEAL_TRY(sys::result(sys::call(SYS_mprotect, addr, len, plain)));
    return {};
  }
  auto range = MEMSEAL_TRY(pages_of(addr, len));
  if (!range)
    return {};
  constexpr unsigned rights =
      Protection::read | Protection::write | Protection::exec;
  SealRequest request{*range, seal_type::mprotect,
                      (prot & MEMSEAL_PROT_DOWNGRADABLE) != 0
                          ? Downgrade::allowed
                          : Downgrade::refused};
  ProtectFirst first{Protection{static_cast<unsigned>(plain) & rights}, plain};
  return commit(std::span(&request, 1), Engine::automatic, first);
}

/// Takes away what mmap made of `len` bytes. Of a file of huge pages it made
/// more, and munmap wants to be told the whole; the size is not known here, but
/// an end inside of a page is refused.
void unmap_whole(long at, std::size_t len) {
  int error = sys::call(SYS_munmap, at, len).error();
  for (std::uint64_t size :
       filter::huge_page_sizes(filter::native_architecture())) {
    if (error != EINVAL)
      return;
    error = sys::call(SYS_munmap, at, (len + size - 1) & ~(size - 1)).error();
  }
}

Result<void *> map_and_seal(void *addr, std::size_t len, int prot,
                            int map_flags, int fd, std::int64_t offset,
                            unsigned types, unsigned flags) {
  MEMSEAL_TRY_VOID(check_flags(types, flags));
  if ((map_flags & (map_fixed | map_hugetlb)) != 0)
    return fail(Errc::invalid);
  long at = MEMSEAL_TRY(
      sys::result(sys::call(SYS_mmap, addr, len, prot, map_flags, fd, offset)));
  auto *memory = reinterpret_cast<void *>(at);
  if (auto sealed = seal_one(memory, len, types, flags); !sealed) {
    unmap_whole(at, len);
    return std::unexpected(sealed.error());
  }
  return memory;
}

std::uint32_t engine_flag(Engine engine) {
  if (engine == Engine::strict)
    return MEMSEAL_STRICT;
  if (engine == Engine::filter)
    return MEMSEAL_FILTER;
  return engine == Engine::native ? MEMSEAL_NATIVE : 0;
}

std::uint32_t open_roads(Engine engine) {
  std::uint32_t open = 0;
  const RegisterHeader *header = find_register();
  if (base_level() != BaseLevel::closed)
    open |=
        MEMSEAL_OPEN_IO_URING | MEMSEAL_OPEN_USERFAULTFD | MEMSEAL_OPEN_PTRACE;
  if (header != nullptr)
    open |= header->open;
  if (engine == Engine::native)
    open |= MEMSEAL_OPEN_NATIVE;
  return open;
}

}  // namespace
}  // namespace memseal

extern "C" int memseal::memseal(void *addr, size_t len, unsigned types,
                                unsigned flags) {
  auto sealed = seal_one(addr, len, types, flags);
  if (sealed)
    note(addr, len, __builtin_return_address(0));
  return answer(sealed);
}

using namespace memseal;

extern "C" {

int memseal_many(const struct memseal_range *ranges, size_t count,
                 unsigned flags) {
  auto sealed = seal_many(ranges, count, flags);
  for (std::size_t i = 0; sealed && i < count; ++i)
    note(ranges[i].addr, ranges[i].len, __builtin_return_address(0));
  return answer(sealed);
}

int memseal_mprotect(void *addr, size_t len, int prot) {
  auto sealed = protect_and_seal(addr, len, prot);
  if (sealed &&
      (prot & (MEMSEAL_PROT_IMMUTABLE | MEMSEAL_PROT_DOWNGRADABLE)) != 0)
    note(addr, len, __builtin_return_address(0));
  return answer(sealed);
}

void *memseal_map(void *addr, size_t len, int prot, int map_flags, int fd,
                  int64_t offset, unsigned types, unsigned flags) {
  auto mapped =
      map_and_seal(addr, len, prot, map_flags, fd, offset, types, flags);
  if (mapped) {
    note(*mapped, len, __builtin_return_address(0));
    return *mapped;
  }
  errno = mapped.error().to_errno();
  return reinterpret_cast<void *>(-1);  // MAP_FAILED
}

int memseal_harden(unsigned level) {
  if (level > MEMSEAL_BASE_CLOSED)
    return answer(fail(Errc::invalid));
  return answer(harden(static_cast<BaseLevel>(level)));
}

int memseal_query(const void *addr, struct memseal_info *info) {
  if (info == nullptr || info->size < sizeof(memseal_info))
    return answer(fail(Errc::invalid));
  SealState state = query(reinterpret_cast<Address>(addr));
  info->size = sizeof(memseal_info);
  info->begin = state.begin;
  info->end = state.end;
  info->types = state.types.bits;
  info->flags =
      state.downgrade == Downgrade::allowed ? MEMSEAL_DOWNGRADABLE : 0;
  info->engine = engine_flag(state.engine);
  info->filter_types = state.filter_types.bits;
  info->base_level = static_cast<uint32_t>(base_level());
  info->open = open_roads(state.engine);
  return 0;
}

const char *memseal_sentence(int error) {
  switch (error) {
    case 0:
      return "no error";
    case EINVAL:
      return "an argument is not valid: begin at a multiple of "
             "sysconf(_SC_PAGESIZE), inside of the address space, with the "
             "types and flags of memseal.h";
    case ENOMEM:
      return "part of the range is not mapped, or memory or mappings are "
             "short: map it first, and see vm.max_map_count";
    case EACCES:
      return "the range takes no further seal types: seal them in one call, "
             "with MEMSEAL_SEAL among them";
    case EPERM:
      return "a seal forbids it, and holds to the end of the process: build "
             "another";
    case EOPNOTSUPP:
      return "no engine on this system can enforce it: name no engine, and "
             "see `memseal doctor`";
    case E2BIG:
      return "the kernel takes no more filter instructions: seal many ranges "
             "by one memseal_many, or use an arena";
    case EBUSY:
      return "a thread could not be brought under the seal: seal before "
             "threads install filters or block signal 33";
    case EAGAIN:
      return "the secret is not sealed yet, or no more memory may be locked: "
             "seal it first, or raise RLIMIT_MEMLOCK";
    case ESTALE:
      return "the secret is wiped, or belongs to the parent process: make a "
             "new one, or read it before fork";
    case ENODATA:
      return "this module has no MEMSEAL_RO_AFTER_INIT variable: call it in "
             "the one that declares them";
    case EADDRINUSE:
      return "a MEMSEAL_RO_AFTER_INIT variable shares a page with other data: "
             "declare inline variables and members of templates as "
             "memseal::ro_after_init_page";
    default:
      return "the kernel refused";
  }
}

const char *memseal_version(void) {
#define MEMSEAL_TEXT(number) #number
#define MEMSEAL_DOTTED(a, b, c) \
  MEMSEAL_TEXT(a) "." MEMSEAL_TEXT(b) "." MEMSEAL_TEXT(c)
  return MEMSEAL_DOTTED(MEMSEAL_VERSION_MAJOR, MEMSEAL_VERSION_MINOR,
                        MEMSEAL_VERSION_PATCH);
}

}  // extern "C"
