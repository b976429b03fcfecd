// SPDX-License-Identifier: Apache-2.0
#include "sys/holes.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "sys/memory.h"
#include "sys/syscall.h"

namespace memseal::sys {

Result<void> check_mapped(PageRange range) {
  ReturnValue answer = call(SYS_msync, range.begin(), range.size(), MS_ASYNC);
  if (answer.error() == ENOMEM)
    return fail(Errc::hole, ENOMEM);
  if (answer.failed())
    return fail(Errc::system, answer.error());
  return {};
}

Result<std::optional<Address>> first_hole(PageRange range) {
  auto whole = check_mapped(range);
  if (whole)
    return std::nullopt;
  if (whole.error().code != Errc::hole)
    return std::unexpected(whole.error());
  // [begin, mapped) is mapped, [begin, holed) is not.
  const std::size_t page = page_size();
  Address mapped = range.begin(), holed = range.end();
  while (holed - mapped > page) {
    Address middle = mapped + (holed - mapped) / 2 / page * page;
    auto half = PageRange::create(mapped, middle - mapped, page);
    (check_mapped(*half) ? mapped : holed) = middle;
  }
  return mapped;
}

}  // namespace memseal::sys
