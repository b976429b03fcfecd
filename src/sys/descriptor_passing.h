// SPDX-License-Identifier: Apache-2.0
// An open file, handed to another process through a socket.
#pragma once

namespace memseal::sys {

/// Sends it with one byte. Whether both went. Source: unix(7), SCM_RIGHTS.
bool send_descriptor(int channel, int descriptor, unsigned char byte = 0);

/// Waits for one; close-on-exec. -1 if the other end is closed, or something
/// else came. `byte`: what was sent with it; may be null.
int receive_descriptor(int channel, unsigned char *byte = nullptr);

}  // namespace memseal::sys
