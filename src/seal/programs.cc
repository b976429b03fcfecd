// SPDX-License-Identifier: Apache-2.0
#include "seal/programs.h"

#include "sys/seccomp.h"

namespace memseal {

// FIXME: compile with filter/ and install with sys::install_filter.
Result<std::uint32_t> install_guard(std::span<const GuardedRange>,
                                    std::span<const Address>) {
  return fail(Errc::unsupported);
}

Result<std::uint32_t> install_base(BaseLevel) {
  return fail(Errc::unsupported);
}

}  // namespace memseal
