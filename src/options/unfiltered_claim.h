// SPDX-License-Identifier: Apache-2.0
// What the launcher found out, so that the module need not.
//
// Background. A seccomp filter that was put on before exec may kill for calls
// it does not know, mseal(2) among them. So the module must know whether there
// is one before it seals anything, and with the calls that any program makes
// while it is loaded: it reads /proc/self/status. That is a third of all that
// the module costs a small program.
//
// Idea. `memseal run` executes the program in its own place. It asks with one
// prctl(2), which is allowed to it or not like the rest of what it calls, and
// says in the environment: "the process with this number has no filter". Only
// the process itself could have put one on since, and it has run nothing but
// the loader.
//
// The module takes the claim out of the environment before the program can see
// it, so that it cannot be inherited, and believes it only if the number is
// its own: where no module took it out (a setuid program, a static interpreter
// of a script), it reaches children, to whom it says nothing. A user who writes
// the variable by hand hurts the own program at most.
#pragma once

#include <string_view>

namespace memseal {

/// Its value is the number of the process, decimal.
inline constexpr std::string_view unfiltered_variable = "MEMSEAL_UNFILTERED";

}  // namespace memseal
