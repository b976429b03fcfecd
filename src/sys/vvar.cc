// SPDX-License-Identifier: Apache-2.0
#include "sys/vvar.h"

#include <linux/mman.h>
#include <sys/syscall.h>

#include <cerrno>

#include "sys/maps_reader.h"
#include "sys/memory.h"
#include "sys/syscall.h"
#include "vm/maps_parser.h"

namespace memseal::sys {
namespace {

// Linux 6.18 has six on x86-64 and four on arm64.
constexpr std::size_t max_pages = 32;

bool is_kernels(Address page, std::size_t size) {
  return call(SYS_madvise, page, size, MADV_DODUMP).error() == EINVAL;
}

Address begin_by_advice(Address vdso) {
  std::size_t page = page_size();
  Address begin = vdso;
  while (vdso - begin < max_pages * page && is_kernels(begin - page, page))
    begin -= page;
  return begin;
}

Address begin_by_maps(Address vdso) {
  auto maps = MapsReader::of_self(ReadSeals::without);
  Address begin = vdso, end = 0;
  for (;;) {
    auto next = maps.next();
    if (!next && next.error().code != Errc::malformed)
      return vdso;
    if (!next)
      continue;
    if (!*next || (*next)->range.begin() >= vdso)
      return end == vdso ? begin : vdso;
    const Mapping &mapping = **next;
    if (kind_of_name(mapping.name) != NameKind::vvar)
      continue;
    if (mapping.range.begin() != end)
      begin = mapping.range.begin();
    end = mapping.range.end();
  }
}

}  // namespace

std::optional<PageRange> find_vvar(Address vdso, VvarSearch search) {
  Address begin = search == VvarSearch::by_advice ? begin_by_advice(vdso)
                                                  : begin_by_maps(vdso);
  auto range = PageRange::create(begin, vdso - begin, page_size());
  return range ? std::optional(*range) : std::nullopt;
}

}  // namespace memseal::sys
