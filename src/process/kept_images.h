// SPDX-License-Identifier: Apache-2.0
// Which images a keeper looks after, as it tells `memseal status`.
//
// Problem. The kernel does not show whom a filter asks. A keeper has
// descriptors of the processes that called it, but a process that was forked
// later, whose parents are gone, is none of these: a daemon.
//
// Idea. All forks of an image have its auxiliary vector: half a dozen addresses
// that are drawn at each exec, and that only those may read who may trace the
// process. So the keeper lists the images that were sealed through it by a hash
// of that, in a memfd that it keeps open; who may look into the keeper finds it
// below /proc/KEEPER/fd. With address randomisation off, the same program
// executed again is the same image.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace memseal::process {

using ImageIdentity = std::uint64_t;

/// The memfd holds nothing but these.
inline constexpr char kept_images_name[] = "memseal-images";
/// A keeper has no more of them.
inline constexpr std::size_t most_kept_images = std::size_t{1} << 20;

/// Of a text like /proc/PID/auxv; 0 if it is empty.
ImageIdentity identity_of(std::string_view auxiliary_vector);

/// Those of one keeper, ascending; none if it may not be looked into.
std::vector<ImageIdentity> kept_images_of(pid_t keeper);

}  // namespace memseal::process
