// SPDX-License-Identifier: Apache-2.0
// A call in words.
#pragma once

#include <string>

struct seccomp_data;

namespace memseal::supervisor {

/// "mprotect"; "call 77" where there is no word, "32-bit call 77" for those of
/// another architecture.
std::string call_name(const seccomp_data &data);
/// With its arguments: "mprotect(0x7f0000001000, 4096, PROT_READ)".
std::string call_text(const seccomp_data &data);

}  // namespace memseal::supervisor
