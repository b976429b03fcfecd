// SPDX-License-Identifier: Apache-2.0
// The register of seals as it lies in memory: what memseal did in a process,
// for other copies of memseal in it and for `memseal status` outside.
//
// It is a private mapping that /proc/PID/maps shows as
// "/memfd:memseal-register (deleted)"; another process reads it through
// /proc/PID/mem or process_vm_readv(2). It is read-only but for the moments in
// which memseal writes to it.
//
// There are two tables. The one in force is `table[generation & 1]`; a writer
// fills the other one and then adds one to `generation`. So a reader that finds
// the same generation before and after read what was true, and a child that is
// forked in the middle of a change inherits a whole table.
//
// A register that became too small points to its successor by `next`; follow it
// until it is 0. The register decides nothing but what may be added: the seals
// themselves are in the kernel, which is asked where the register would be a
// reason to do nothing (seal/enforced.h).
#pragma once

#include <cstddef>
#include <cstdint>

namespace memseal {

inline constexpr char register_name[] = "memseal-register";
/// "memseal\n" as a little-endian word. It is written last: who sees it sees a
/// whole register.
inline constexpr std::uint64_t register_magic = 0x0a6c'6165'736d'656d;
inline constexpr std::uint32_t register_version = 1;

inline constexpr std::uint32_t flag_downgradable = 1;

/// Pages [begin, end) and what holds on them. Entries are sorted, disjoint,
/// and touching ones differ.
struct RegisterEntry {
  std::uint64_t begin, end;
  std::uint32_t types;         ///< SealTypes::bits in force
  std::uint32_t filter_types;  ///< those of them that a filter enforces
  std::uint32_t flags;         ///< flag_downgradable
  std::uint32_t engine;        ///< Engine::bits
};
static_assert(sizeof(RegisterEntry) == 32);

struct RegisterHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t page_size;
  std::uint32_t generation;
  std::uint32_t capacity;  ///< entries in each of the tables
  struct Table {
    std::uint32_t count;   ///< entries in use
    std::uint32_t offset;  ///< bytes from the header to the first
  } table[2];
  std::uint64_t size;  ///< bytes of header and tables, whole pages
  std::uint64_t next;  ///< address of the register that replaced this one, or 0
  std::uint64_t lock;  ///< address of the writers' lock
  std::uint32_t base_level;  ///< MEMSEAL_BASE_ of memseal/memseal.h
  std::uint32_t open;        ///< MEMSEAL_OPEN_ bits that concern the process
  std::uint32_t filters;     ///< filters installed by memseal
  /// The most that the kernel counts these as (bpf/kernel_length.h).
  std::uint32_t kernel_instructions;
  /// 1: a filter here kills, or sends a signal, for a forbidden call. So nobody
  /// may find out by such a call what holds.
  std::uint32_t deadly;
  std::uint32_t reserved;
};

}  // namespace memseal
