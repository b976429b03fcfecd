// SPDX-License-Identifier: Apache-2.0
// How a process asks its keeper: the call, and what each request means. The
// library inside the program (provide/), the loader module and the keeper
// (supervisor/) agree on it. docs/provide-mseal.md describes the whole.
//
// The call is brk(0, cookie, request, begin, size, identity). Every list
// of permitted calls has brk, for no C library starts without it; none looks at
// its arguments. brk(0) changes nothing and takes one argument, so where no
// keeper is the kernel answers with an address, and where one is the cookie
// cannot be mistaken: brk(2)'s wrappers never set it, and an attacker who
// steers the arguments of a memory call does not reach it.
#pragma once

#include <cstdint>

namespace memseal::keeper {

/// The second argument: "memsealk".
inline constexpr std::uint64_t keeper_cookie = 0x6d656d7365616c6bUL;

/// The third argument.
enum class KeeperRequest : std::uint64_t {
  ask = 1,      ///< is a keeper there, and does it refuse anything?
  new_image,    ///< the same, from an image in which nothing is sealed yet
  seal_object,  ///< part of a loaded ELF object: neither heap nor a segment
  seal,         ///< memory above the end of the heap
  seal_heap,    ///< memory that begins below it
  identity,     ///< where the page that stands for the image is; 0: nowhere
};

/// The answers to the first two, the byte of the tree's zone (keeper/zone.h) in
/// their lowest one. Linux puts no break so low. A keeper that permits all
/// violations, for `memseal trace`, is no protection.
inline constexpr long keeper_is_here = 0x6d00;
inline constexpr long keeper_only_watches = 0x6e00;

/// What a request for a seal fails with: negative errno values.
/// The range is not wholly in the zone: calls on it are not asked about.
inline constexpr int outside_the_zone = 34;  // ERANGE
/// Memory that is no part of an object, where there is free memory.
inline constexpr int objects_only = 38;  // ENOSYS

/// By its identity a keeper knows the memory of a process again, in whatever
/// process it finds it: a page of a file that nobody else has and that nothing
/// can be read from. A fork has it too, and an execve drops it, as it does with
/// what is sealed. A new one is mapped whenever something is to be sealed, and
/// takes the place of the last one once it is: so it tells what was sealed when
/// a child was forked. The last argument of a request to seal is its inode.
///
/// The name in /proc/PID/maps of the memfd, and of shared anonymous memory,
/// which serves where memfd_create(2) is forbidden.
inline constexpr char identity_name[] = "memseal-image";
inline constexpr char identity_in_maps[] = "/memfd:memseal-image (deleted)";
inline constexpr char plain_identity_in_maps[] = "/dev/zero (deleted)";

}  // namespace memseal::keeper
