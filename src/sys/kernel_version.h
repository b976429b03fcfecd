// SPDX-License-Identifier: Apache-2.0
// Which Linux runs, where asking for a feature itself could be deadly, or where
// "the kernel has none" is to be told from "somebody refuses it".
#pragma once

namespace memseal::sys {

/// Whether the kernel calls itself at least that. Context: before-main.
bool kernel_is_at_least(int major, int minor);

}  // namespace memseal::sys
