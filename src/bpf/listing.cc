// SPDX-License-Identifier: Apache-2.0
#include "bpf/listing.h"

#include "base/assert.h"
#include "base/text_writer.h"

namespace memseal::bpf {
namespace {

/// Small numbers are counts, larger ones are addresses and masks.
void constant(TextWriter &line, std::uint32_t value) {
  line.text("#");
  value < 10 ? line.decimal(value) : line.hex(value);
}

void position_of(TextWriter &line, std::size_t position) {
  for (std::size_t width = 1000; width > 1 && position < width; width /= 10)
    line.text(" ");
  line.decimal(position);
}

std::string_view arithmetic(std::uint16_t code) {
  switch (code & 0xf0) {
    case op::add_k & 0xf0:
      return "ADD  ";
    case op::sub_k & 0xf0:
      return "SUB  ";
    case op::mul_k & 0xf0:
      return "MUL  ";
    case op::div_k & 0xf0:
      return "DIV  ";
    case op::or_k & 0xf0:
      return "OR   ";
    case op::and_k & 0xf0:
      return "AND  ";
    case op::lsh_k & 0xf0:
      return "LSH  ";
    case op::rsh_k & 0xf0:
      return "RSH  ";
    case op::neg & 0xf0:
      return "NEG  ";
    case op::xor_k & 0xf0:
      return "XOR  ";
    default:
      return "?    ";
  }
}

std::string_view comparison(std::uint16_t code) {
  switch (code & 0xf0) {
    case op::jeq_k & 0xf0:
      return "JEQ  ";
    case op::jgt_k & 0xf0:
      return "JGT  ";
    case op::jge_k & 0xf0:
      return "JGE  ";
    default:
      return "JSET ";
  }
}

}  // namespace

std::string_view list(const Instruction &i, std::size_t position,
                      std::span<char> buffer) {
  MEMSEAL_ASSERT(buffer.size() >= 64);
  TextWriter line(buffer);
  position_of(line, position);
  line.text("  ");
  if (is_conditional(i.code)) {
    line.text(comparison(i.code));
    if ((i.code & 0x08) != 0)
      line.text("X");
    else
      constant(line, i.k);
    return line.text(" ? ")
        .decimal(position + 1 + i.if_true)
        .text(" : ")
        .decimal(position + 1 + i.if_false)
        .view();
  }
  switch (i.code) {
    case op::ld:
      return line.text("LD   [").decimal(i.k).text("]").view();
    case op::ld_imm:
      line.text("LD   ");
      constant(line, i.k);
      return line.view();
    case op::ldx_imm:
      line.text("LDX  ");
      constant(line, i.k);
      return line.view();
    case op::ld_mem:
      return line.text("LD   M[").decimal(i.k).text("]").view();
    case op::ldx_mem:
      return line.text("LDX  M[").decimal(i.k).text("]").view();
    case op::st:
      return line.text("ST   M[").decimal(i.k).text("]").view();
    case op::stx:
      return line.text("STX  M[").decimal(i.k).text("]").view();
    case op::ja:
      return line.text("JA   ").decimal(position + 1 + i.k).view();
    case op::ret_k:
      line.text("RET  ");
      constant(line, i.k);
      return line.view();
    case op::ret_a:
      return line.text("RET  A").view();
    case op::tax:
      return line.text("TAX").view();
    case op::txa:
      return line.text("TXA").view();
    case op::ld_len:
      return line.text("LD   len").view();
    case op::ldx_len:
      return line.text("LDX  len").view();
    default:
      break;
  }
  line.text(arithmetic(i.code));
  if ((i.code & 0x08) != 0)
    line.text("X");
  else
    constant(line, i.k);
  return line.view();
}

}  // namespace memseal::bpf
