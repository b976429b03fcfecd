// SPDX-License-Identifier: Apache-2.0
// A folder that is taken for /: `memseal enable --root=IMAGE`.
//
// Problem. The image may be somebody else's. A link in it that leads to /etc
// means the image's /etc, and ".." never leads out; the kernel takes both for
// ours, and root would write where a link says.
//
// Idea. Walk the path ourselves, one part after the other, each opened below
// its folder without following links (O_NOFOLLOW), and go on with what a link
// says from where it stands. openat2(2) with RESOLVE_IN_ROOT does the same for
// paths that exist, from Linux 5.6 on; this makes folders too.
#pragma once

#include <cstdint>
#include <string>

namespace memseal::service {

/// Where a path of the image leads.
struct Place {
  int folder = -1;     ///< the last folder, open; -1: it is not there
  std::string name{};  ///< of the last part; "." for the folder itself
  std::string path{};  ///< the whole, as the image has it: without links
  int error = 0;       ///< why there is no folder
};

enum class Missing : std::uint8_t { is_an_error, is_made };
enum class LastLink : std::uint8_t { followed, kept };

class Root {
public:
  /// Empty: the real one.
  explicit Root(std::string folder);
  Root(const Root &) = delete;
  Root &operator=(const Root &) = delete;
  ~Root();

  /// The caller closes `folder`. Folders on the way may be made.
  Place find(const std::string &path, LastLink last = LastLink::followed,
             Missing missing = Missing::is_an_error) const;
  /// Opens what is there. Returns -1 with errno; waits for nobody (O_NONBLOCK).
  int open(const std::string &path, int flags,
           LastLink last = LastLink::followed) const;
  bool has(const std::string &path) const;
  /// The path without links, as this system has it; where it does not lead
  /// anywhere, the path below the root as it was.
  std::string real(const std::string &path) const;
  std::string text(const std::string &path) const;  ///< of at most 1 MiB

  const std::string &folder() const { return folder_; }

private:
  std::string folder_;
  int root_;
};

}  // namespace memseal::service
