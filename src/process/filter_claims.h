// SPDX-License-Identifier: Apache-2.0
// What a process says about the seals that its seccomp filter holds.
//
// The kernel shows its own seals (VmFlags `sl`) but not what a filter refuses:
// only the process that compiled the filter knows, and publishes it in a
// register (process/seal_register.h). The register is ordinary memory of the
// process. So it is a claim, and is shown as one; a claim that the kernel
// contradicts is not counted.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "process/mappings.h"
#include "process/process_view.h"
#include "seal/register_format.h"

namespace memseal::process {

struct FilterClaims {
  bool found = false;
  std::string doubt;  ///< why the claims cannot be true; then `seals` is empty
  std::vector<FilterSeal> seals;  ///< ascending and disjoint
};

/// What the entries of a register claim; `found` is set.
/// Needs: entries in order (process/seal_register.h).
FilterClaims claims_of(std::span<const RegisterEntry> entries,
                       int seccomp_mode);

FilterClaims read_filter_claims(pid_t pid, const Mappings &mappings,
                                int seccomp_mode);

}  // namespace memseal::process
