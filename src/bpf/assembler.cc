// SPDX-License-Identifier: Apache-2.0
#include "bpf/assembler.h"

#include "base/assert.h"

namespace memseal::bpf {

Node Assembler::push(Instruction instruction) {
  if (size_ < storage_.size())
    storage_[storage_.size() - 1 - size_] = instruction;
  return {size_++};
}

Instruction Assembler::at(Node node) const {
  MEMSEAL_ASSERT(node.from_end < size_);
  if (node.from_end >= storage_.size())
    return {op::ja, 0, 0, 0};  // lost: finish() will refuse the program
  return storage_[storage_.size() - 1 - node.from_end];
}

Node Assembler::ret(std::uint32_t action) {
  // Behind a return the checker is made to forget; see the header. The jump
  // leads to the program's last instruction, a return, which reads nothing.
  if (size_ != 0)
    push({op::ja, 0, 0, size_ - 1});
  return push({op::ret_k, 0, 0, action});
}

Node Assembler::then(std::uint16_t code, std::uint32_t k, Node next) {
  MEMSEAL_ASSERT(!is_return(code) && !is_conditional(code) && code != op::ja);
  MEMSEAL_ASSERT(next.from_end < size_);
  if (next.from_end + 1 != size_)
    push({op::ja, 0, 0, size_ - next.from_end - 1});
  return push({code, 0, 0, k});
}

Node Assembler::near(Node target, std::uint32_t ahead) {
  MEMSEAL_ASSERT(target.from_end < size_);
  if (reaches(target, ahead))
    return target;
  for (const Copy &known : copies_) {
    if (known.original == target && known.copy != target &&
        reaches(known.copy, ahead))
      return known.copy;
  }
  Instruction instruction = at(target);
  Node copy = instruction.code == op::ret_k
                  ? ret(instruction.k)
                  : push({op::ja, 0, 0, size_ - target.from_end - 1});
  copies_[next_copy_++ % copies_.size()] = {target, copy};
  return copy;
}

Node Assembler::jump(std::uint16_t code, std::uint32_t k, Node if_true,
                     Node if_false) {
  MEMSEAL_ASSERT(is_conditional(code));
  if (if_true == if_false)
    return if_true;
  // Bringing one target near pushes the other further away, by two at most.
  Node yes = near(if_true, 2);
  Node no = near(if_false, 0);
  MEMSEAL_ASSERT(reaches(yes, 0));
  return push({code, static_cast<std::uint8_t>(size_ - yes.from_end - 1),
               static_cast<std::uint8_t>(size_ - no.from_end - 1), k});
}

Result<Program> Assembler::finish(Node entry) {
  MEMSEAL_ASSERT(entry.from_end < size_);
  if (entry.from_end + 1 != size_)
    push({op::ja, 0, 0, size_ - entry.from_end - 1});
  if (size_ > max_instructions || size_ > storage_.size())
    return fail(Errc::budget);
  return Program(storage_.last(size_));
}

}  // namespace memseal::bpf
