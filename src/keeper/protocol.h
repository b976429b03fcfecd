// SPDX-License-Identifier: Apache-2.0
// What the two halves of a served mseal(2) agree on: the library inside the
// program (provide/) and the keeper beside it (supervisor/).
// docs/provide-mseal.md describes the whole.
#pragma once

namespace memseal::keeper {

/// The fourth argument of our own calls of number 462; mseal(2) has three.
/// Calls without it go to the kernel: their maker could not set the marks.
inline constexpr unsigned long served_cookie = 0x6c6165736d656dUL;  // "memseal"

/// A length that asks whether a keeper is there. With `served_probe_address`,
/// which is misaligned, a kernel that has mseal(2) says EINVAL, one that has
/// not ENOSYS, and a keeper `served_answer`.
inline constexpr unsigned long served_probe_address = 1;
inline constexpr long served_answer = 0x6d73;

}  // namespace memseal::keeper
