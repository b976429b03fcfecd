// SPDX-License-Identifier: Apache-2.0
#include "cli/filter_claims.h"

namespace memseal::cli {

FilterClaims read_filter_claims(int, std::span<const Mapping>, int) {
  return {};
}

}  // namespace memseal::cli
