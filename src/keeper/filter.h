// SPDX-License-Identifier: Apache-2.0
// The one filter of a served program: which calls the keeper has to see.
#pragma once

#include <linux/filter.h>

#include <span>

namespace memseal::keeper {

/// Calls that a keeper could not judge, being told registers only or the
/// numbers of another architecture: where all is to go on as without a keeper,
/// they do.
enum class Unjudged : unsigned char { refused, allowed };

/// Notifies of every call that could change a mapping, lets all others pass.
/// It names no address, so it never grows and stays true over execve.
std::span<const sock_filter> keeper_filter(Unjudged unjudged);

}  // namespace memseal::keeper
