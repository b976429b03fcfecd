// SPDX-License-Identifier: Apache-2.0
#include "seal/reservation.h"

#include "seal/commit.h"

namespace memseal {

Result<void> guard_reservation(PageRange range) {
  const SealRequest requests[] = {{range, seal_type::all, Downgrade::allowed}};
  return commit({.requests = requests,
                 .engine = Engine::filter,
                 .subject = Subject::reservation});
}

}  // namespace memseal
