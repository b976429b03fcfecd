// SPDX-License-Identifier: Apache-2.0
// Stands in the place of src/seal/barrier.cc: everybody is reachable, and
// nobody is asked. For the half of race_test.cc that shows what the barrier is
// for.
#include "seal/barrier.h"

namespace memseal {

Result<Barrier> Barrier::prepare() {
  return Barrier(Sharers::threads);
}

Result<void> Barrier::pass() {
  return {};
}

}  // namespace memseal
