// SPDX-License-Identifier: Apache-2.0
// What the kernel told this process at exec: getauxval(3) without a C library.
#pragma once

#include <cstddef>

namespace memseal::sys {

/// The value of an AT_ entry, 0 if the kernel gave none.
///
/// The vector is read once, through prctl(PR_GET_AUXV) (Linux 6.4) or
/// /proc/self/auxv, unless `set_auxiliary_vector` named it before. Where
/// neither can be read, AT_PAGESZ alone is answered, with 4096.
unsigned long auxiliary_value(unsigned long type);

/// Names the vector in the initial stack, for programs that start without a C
/// library. `vector` ends with AT_NULL and stays where it is.
void set_auxiliary_vector(const unsigned long *vector);

}  // namespace memseal::sys
