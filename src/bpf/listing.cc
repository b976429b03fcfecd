// SPDX-License-Identifier: Apache-2.0
#include "bpf/listing.h"

#include "base/assert.h"

namespace memseal::bpf {
namespace {

/// Appends to a buffer that is known to be large enough.
class Line {
public:
  explicit Line(std::span<char> buffer) : buffer_(buffer) {}

  Line &text(std::string_view text) {
    for (char c : text)
      put(c);
    return *this;
  }
  Line &decimal(std::size_t value, std::size_t width = 0) {
    char digits[20];
    std::size_t count = 0;
    do
      digits[count++] = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    for (std::size_t i = count; i < width; ++i)
      put(' ');
    while (count != 0)
      put(digits[--count]);
    return *this;
  }
  Line &constant(std::uint32_t value) {
    text("#");
    if (value < 10)
      return decimal(value);
    text("0x");
    bool seen = false;
    for (int shift = 28; shift >= 0; shift -= 4) {
      std::uint32_t digit = value >> shift & 15;
      seen = seen || digit != 0;
      if (seen)
        put("0123456789abcdef"[digit]);
    }
    return *this;
  }
  std::string_view done() const { return {buffer_.data(), size_}; }

private:
  void put(char c) {
    MEMSEAL_ASSERT(size_ < buffer_.size());
    buffer_[size_++] = c;
  }
  std::span<char> buffer_;
  std::size_t size_ = 0;
};

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
  Line line(buffer);
  line.decimal(position, 4).text("  ");
  if (is_conditional(i.code)) {
    line.text(comparison(i.code));
    if ((i.code & 0x08) != 0)
      line.text("X");
    else
      line.constant(i.k);
    return line.text(" ? ")
        .decimal(position + 1 + i.if_true)
        .text(" : ")
        .decimal(position + 1 + i.if_false)
        .done();
  }
  switch (i.code) {
    case op::ld:
      return line.text("LD   [").decimal(i.k).text("]").done();
    case op::ld_imm:
      return line.text("LD   ").constant(i.k).done();
    case op::ldx_imm:
      return line.text("LDX  ").constant(i.k).done();
    case op::ld_mem:
      return line.text("LD   M[").decimal(i.k).text("]").done();
    case op::ldx_mem:
      return line.text("LDX  M[").decimal(i.k).text("]").done();
    case op::st:
      return line.text("ST   M[").decimal(i.k).text("]").done();
    case op::stx:
      return line.text("STX  M[").decimal(i.k).text("]").done();
    case op::ja:
      return line.text("JA   ").decimal(position + 1 + i.k).done();
    case op::ret_k:
      return line.text("RET  ").constant(i.k).done();
    case op::ret_a:
      return line.text("RET  A").done();
    case op::tax:
      return line.text("TAX").done();
    case op::txa:
      return line.text("TXA").done();
    case op::ld_len:
      return line.text("LD   len").done();
    case op::ldx_len:
      return line.text("LDX  len").done();
    default:
      break;
  }
  line.text(arithmetic(i.code));
  if ((i.code & 0x08) != 0)
    line.text("X");
  else
    line.constant(i.k);
  return line.done();
}

}  // namespace memseal::bpf
