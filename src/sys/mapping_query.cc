// SPDX-License-Identifier: Apache-2.0
#include "sys/mapping_query.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include "sys/memory.h"
#include "sys/syscall.h"
#include "vm/maps_parser.h"

namespace memseal::sys {
namespace {

// linux/fs.h; older headers do not have it.
struct Question {
  std::uint64_t size;
  std::uint64_t flags;  ///< what is wanted
  std::uint64_t address;
  std::uint64_t begin, end;
  std::uint64_t mapping_flags;
  std::uint64_t page_size, offset, inode;
  std::uint32_t device_major, device_minor;
  std::uint32_t name_size, build_id_size;
  std::uint64_t name, build_id;
};
static_assert(sizeof(Question) == 104);
constexpr unsigned long procmap_query = 0xc0686611;
constexpr std::uint64_t writable = 0x2, shared = 0x8, or_next = 0x10;

bool is_special(std::string_view name) {
  switch (kind_of_name(name)) {
    case NameKind::vdso:
    case NameKind::vvar:
    case NameKind::vsyscall:
    case NameKind::special:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<MappingQuery> MappingQuery::open() {
  long fd = MEMSEAL_TRY(result(call(
      SYS_openat, AT_FDCWD, "/proc/thread-self/maps", O_RDONLY | O_CLOEXEC)));
  MappingQuery query(static_cast<int>(fd));
  if (auto tried = query.from(0); !tried)
    return fail(Errc::unsupported, tried.error().sys_errno);
  return query;
}

MappingQuery::~MappingQuery() {
  if (fd_ >= 0)
    call(SYS_close, fd_);
}

Result<std::optional<FoundMapping>> MappingQuery::from(Address at) const {
  char name[64];
  Question question{};
  question.size = sizeof question;
  question.flags = or_next;
  question.address = at;
  question.name = reinterpret_cast<std::uint64_t>(name);
  question.name_size = sizeof name;
  ReturnValue told = call(SYS_ioctl, fd_, procmap_query, &question);
  bool is_long = told.error() == ENAMETOOLONG;  // no name of the kernel's
  if (is_long) {
    question.name = question.name_size = 0;
    told = call(SYS_ioctl, fd_, procmap_query, &question);
  }
  if (told.error() == ENOENT)
    return std::nullopt;
  if (told.failed())
    return fail(Errc::system, told.error());
  auto range = MEMSEAL_TRY(PageRange::create(
      question.begin, question.end - question.begin, page_size()));
  bool named = !is_long && question.name_size != 0;
  return FoundMapping{.range = range,
                      .writable = (question.mapping_flags & writable) != 0,
                      .shared = (question.mapping_flags & shared) != 0,
                      .has_file = question.inode != 0,
                      .special = named && is_special(name)};
}

}  // namespace memseal::sys
