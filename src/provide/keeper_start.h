// SPDX-License-Identifier: Apache-2.0
// Brings the keeper (supervisor/seal_keeper.h) to life from inside a program.
#pragma once

namespace memseal::provide {

/// Whether this kernel could serve mseal(2): user notification for all threads
/// at once (Linux 5.7), and a keeper to start.
bool keeper_possible();

/// Starts a keeper and puts every thread under its filter. Sets no_new_privs.
/// The keeper is nobody's child: wait(2) does not find it.
///
/// Errors:  a negative errno; nothing is changed then, but no_new_privs.
/// Needs:   one call at a time.
/// Context: any thread, not a signal handler.
long start_keeper();

}  // namespace memseal::provide
