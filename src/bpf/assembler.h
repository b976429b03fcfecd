// SPDX-License-Identifier: Apache-2.0
// Assembles BPF programs from their ends to their beginnings.
//
// BPF jumps forward only: whatever an instruction continues with stands behind
// it. So the assembler is told the continuation first. Every function takes the
// nodes that may run next and gives the node that runs before them:
//
//   Node deny  = as.ret(errno_eperm);
//   Node allow = as.ret(action_allow);
//   Node check = as.ld(16, as.jump(op::jgt_k, 7, deny, allow));
//   Result<Program> program = as.finish(check);
//
// A node must exist before it can be named, which makes a backward jump
// impossible to write down. Instructions are stored backwards, last one first,
// so the position of a node never changes and jumps need no fixing up.
//
// Two things are taken off the caller's shoulders:
//
//  - Distance. A conditional jump reaches 255 instructions. When a target is
//    further away, the assembler brings it near: by another copy of it if it is
//    a return, by an unconditional jump to it if not; and it uses such a copy
//    again while that is in reach.
//  - The checker's view of scratch memory. The kernel walks a program from
//    top to bottom to prove that each M[k] is written before it is read, and
//    follows the written set *through* a return to the next instruction
//    (net/core/filter.c, check_load_and_stores). A jump that nobody takes,
//    placed behind a return, makes it forget. It must not lead to the next
//    instruction, to which it would hand on what is not written.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "bpf/instruction.h"
#include "memseal/error.h"

namespace memseal::bpf {

/// A program that an Assembler made: at most 4,096 instructions, jumps in
/// range, the last instruction a return.
class Program {
public:
  std::span<const Instruction> instructions() const { return instructions_; }
  std::uint32_t size() const {
    return static_cast<std::uint32_t>(instructions_.size());
  }

private:
  friend class Assembler;
  explicit Program(std::span<const Instruction> instructions)
      : instructions_(instructions) {}
  std::span<const Instruction> instructions_;
};

/// An instruction, named by its distance from the program's end.
struct Node {
  std::uint32_t from_end = 0;
  friend constexpr bool operator==(Node, Node) = default;
};

class Assembler {
public:
  /// The program is built in `storage`, from its end.
  explicit Assembler(std::span<Instruction> storage) : storage_(storage) {}
  Assembler(const Assembler &) = delete;
  Assembler &operator=(const Assembler &) = delete;

  /// Ends the program with `action`, a SECCOMP_RET_ value.
  Node ret(std::uint32_t action);

  /// Anything that neither jumps nor returns, and then `next`.
  Node then(std::uint16_t code, std::uint32_t k, Node next);

  /// Compares A; JGT and friends are unsigned.
  Node jump(std::uint16_t code, std::uint32_t k, Node if_true, Node if_false);

  /// The program that begins at `entry`. The assembler is used up.
  /// Errors:  budget when it has more than 4,096 instructions, or more than the
  ///          storage holds.
  Result<Program> finish(Node entry);

  /// Instructions so far. Keeps counting when the storage is full.
  std::uint32_t size() const { return size_; }

private:
  Node push(Instruction instruction);
  Instruction at(Node node) const;
  /// A node that does what `target` does and that the instruction after the
  /// next `ahead` ones can reach by a conditional jump.
  Node near(Node target, std::uint32_t ahead);
  bool reaches(Node target, std::uint32_t ahead) const {
    return size_ + ahead - target.from_end - 1 <= max_jump;
  }

  struct Copy {
    Node original, copy;
  };

  std::span<Instruction> storage_;
  std::uint32_t size_ = 0;
  // The copies that were made last: trees of thousands of nodes lead to a
  // handful of far targets.
  std::array<Copy, 8> copies_{};
  std::uint32_t next_copy_ = 0;
};

}  // namespace memseal::bpf
