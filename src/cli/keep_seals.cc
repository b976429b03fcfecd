// SPDX-License-Identifier: Apache-2.0
// `memseal-tool keep-seals`: the keeper of a tree of processes. Not for users:
// `memseal run` and libmemseal-provide.so start it.
//
// It gets a socket as descriptor 3, says that it is ready, receives the
// filter's listener, and leaves when nobody uses the filter any more.
#include "cli/keep_seals.h"

#include <fcntl.h>

#include "cli/output.h"
#include "cli/verb.h"
#include "supervisor/keeper_process.h"
#include "sys/memory.h"

namespace memseal::cli {
namespace {

constexpr int given_channel = 3;

}  // namespace

int keep_seals(int argc, char **) {
  if (argc != 1 || fcntl(given_channel, F_GETFD) < 0) {
    complain(
        "keep-seals is started by memseal itself; see `memseal run "
        "--provide-mseal`");
    return exit_usage;
  }
  supervisor::SealKeeper keeper(sys::page_size());
  return supervisor::serve_as_keeper(keeper, given_channel, {}, nullptr) ? 0
                                                                         : 1;
}

}  // namespace memseal::cli
