// SPDX-License-Identifier: Apache-2.0
// What the kernel put on the stack at exec: the environment, before anybody
// copied it.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "loader/link_map.h"

namespace memseal::loader {

/// The environment vector on the stack, found through glibc's
/// `__libc_stack_end`, which ld.so exports. Null if it is not there. Also names
/// the auxiliary vector to sys/, so that no call is needed to read it.
/// `head` is the first object of the base namespace.
char **find_environment(LinkMap *head);

/// The value of NAME; nothing if it is not set.
std::optional<std::string_view> variable(char *const *environment,
                                         std::string_view name);

/// Takes the launcher's claim that this process has no seccomp filter out of
/// the environment; returns whether it was there and is about this process. See
/// policy/unfiltered_claim.h.
///
/// Works in place. Context: before-main, while nobody else reads the
/// environment.
bool take_unfiltered_claim(char **environment);

/// Takes memseal's own settings out, so that children start unsealed, and
/// leaves those that were there before: MEMSEAL_OPTIONS as a whole, the audit
/// and the preload module from LD_AUDIT and LD_PRELOAD, and the last of
/// GLIBC_TUNABLES if it is the one that the launcher appends. A variable of
/// which nothing is left is removed.
///
/// `module` is the path of one of the two modules; the other lies beside it.
/// If it is empty, as it is where /proc is missing, they are known by name.
/// Works in place: strings get shorter, the vector too.
/// Context: before-main, while nobody else reads the environment.
void forget_memseal(char **environment, std::string_view module);

}  // namespace memseal::loader
