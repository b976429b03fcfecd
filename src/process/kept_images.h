// SPDX-License-Identifier: Apache-2.0
// What a keeper tells `memseal status`: what is sealed in the images that it
// looks after.
//
// Problem. The kernel does not show whom a filter asks, nor what a keeper
// refuses. A keeper has descriptors of the processes that called it, but a
// process that was forked later, whose parents are gone, is none of these: a
// daemon.
//
// Idea. The memory of a process carries a page that stands for its image
// (keeper/protocol.h), which forks have too. A keeper notes down what is sealed
// by the inode of that page, in a memfd that it keeps open; who may look into
// the keeper finds it below /proc/KEEPER/fd. No other process can come by such
// a page.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "memseal/page_range.h"
#include "process/mappings.h"

namespace memseal::process {

/// The inode of the page that stands for an image.
using ImageIdentity = std::uint64_t;

/// One line of the list, in the order of events: what has this identity holds
/// what its parent held by then, and one range more. Its own parent: the range
/// only.
struct KeptSeal {
  ImageIdentity identity, parent;  ///< parent 0: none
  std::uint64_t begin, end;        ///< nothing if they are equal
};

/// The memfd holds nothing but these.
inline constexpr char kept_images_name[] = "memseal-images";
/// A keeper has no more of them: 32 MiB.
inline constexpr std::size_t most_kept_seals = std::size_t{1} << 20;

/// A mapping that may stand for the image.
struct FoundIdentity {
  ImageIdentity inode;
  bool named;  ///< so that it can hardly be anything else
};

/// Those of a process; none if it was never sealed by a keeper.
std::vector<FoundIdentity> identities_in(const Mappings &mappings);

/// The list of one keeper.
class KeptImages {
public:
  KeptImages() = default;
  explicit KeptImages(std::vector<KeptSeal> seals);
  /// Empty if the keeper may not be looked into.
  static KeptImages of(pid_t keeper);

  std::size_t size() const { return seals_.size(); }
  bool holds(ImageIdentity image) const { return last_.contains(image); }
  /// What is sealed in the image: ascending and disjoint.
  std::vector<PageRange> sealed_in(ImageIdentity image) const;

private:
  std::vector<KeptSeal> seals_;
  std::vector<std::size_t> before_;  ///< of each line, what it goes on from
  std::unordered_map<ImageIdentity, std::size_t> last_;
};

}  // namespace memseal::process
