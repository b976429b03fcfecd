// SPDX-License-Identifier: Apache-2.0
// What /proc/PID/status says.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace memseal::process {

/// What a process is as a user, or as a group.
struct Ids {
  unsigned real = 0, effective = 0, saved = 0;
  bool known = false;  ///< all three are

  bool are_one() const {
    return known && real == effective && effective == saved;
  }
};

struct Status {
  std::string name;   ///< any bytes, at most 15: the process chooses it
  char state = '?';   ///< R, S, D, T, t, Z, X, I
  pid_t process = 0;  ///< that the thread belongs to
  pid_t parent = 0;   ///< 0: none that is seen here
  pid_t tracer = 0;   ///< who traces it; 0: nobody
  Ids user, group;
  int seccomp_mode = 0;     ///< 0 none, 1 strict, 2 filter
  int seccomp_filters = 0;  ///< from Linux 5.9; 0 before

  bool ended() const { return state == 'Z' || state == 'X'; }
};

/// What is missing, or no number that fits, is what `Status` begins with.
Status parse_status(std::string_view text);

}  // namespace memseal::process
