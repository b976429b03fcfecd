// SPDX-License-Identifier: Apache-2.0
// What the header-only part of the C++ library calls instead of `throw`, in
// case an index is wrong. There is nobody to catch: it is a broken invariant.
// Source: libstdc++, bits/functexcept.h.
#include "base/assert.h"

namespace std {

// Its name and its dots are the C++ library's. NOLINTNEXTLINE(cert-dcl50-cpp)
[[noreturn, gnu::used]] void __throw_out_of_range_fmt(const char *format, ...) {
  memseal::assertion_failed(format, __FILE__, __LINE__);
}

[[noreturn, gnu::used]] void __throw_bad_optional_access() {
  memseal::assertion_failed("an optional without a value", __FILE__, __LINE__);
}

}  // namespace std
