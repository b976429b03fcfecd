// SPDX-License-Identifier: Apache-2.0
// Standard streams that are closed.
//
// Who is started with descriptor 0, 1 or 2 closed gets that number for the next
// file it opens, and whoever then writes to "standard error" writes into it. So
// closed numbers are taken until the next exec, by what can be neither read nor
// written.
#pragma once

namespace memseal::sys {

/// Takes those of the numbers 0 to 2 that are closed. A program that is
/// executed finds them closed, as it would have.
///
/// Needs:   no other thread.
/// Context: anywhere, before main included.
void hold_closed_streams();

/// Whether the descriptor is open, and not one that was taken.
bool is_open(int fd);

}  // namespace memseal::sys
