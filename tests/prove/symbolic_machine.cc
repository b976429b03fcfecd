// SPDX-License-Identifier: Apache-2.0
#include "symbolic_machine.h"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace memseal::prove {
namespace {

using bpf::Instruction;
using namespace bpf::op;
using z3::expr;

struct State {
  expr when;  ///< for which calls the program comes here
  expr a, x;
  std::array<std::optional<expr>, bpf::scratch_words> memory;
};

class Machine {
public:
  Machine(std::span<const Instruction> program, const SymbolicCall &call)
      : program_(program),
        call_(call),
        c_(call.number.ctx()),
        states_(program.size()),
        answer_(c_.bv_val(0, 32)) {}

  expr run() {
    states_[0] =
        State{c_.bool_val(true), c_.bv_val(0, 32), c_.bv_val(0, 32), {}};
    for (std::size_t at = 0; at < program_.size(); ++at) {
      if (states_[at])
        step(at, *std::exchange(states_[at], std::nullopt));
    }
    return answer_;
  }

private:
  expr word(std::uint32_t value) { return c_.bv_val(value, 32); }

  /// Linux gives a filter the data in the machine's own order of bytes: both
  /// architectures are little-endian.
  expr load(std::uint32_t offset) {
    if (offset == 0)
      return call_.number;
    if (offset == 4)
      return call_.architecture;
    if (offset >= 16 && offset < 64 && offset % 4 == 0) {
      const expr &argument = call_.arguments[(offset - 16) / 8];
      return offset % 8 == 0 ? argument.extract(31, 0)
                             : argument.extract(63, 32);
    }
    throw std::logic_error("a load that no rule is about");
  }

  void meet(std::optional<expr> &mine, const std::optional<expr> &other,
            const expr &other_when) {
    // bpf::check has seen to it that nothing is read which only one path wrote.
    if (!mine || !other)
      mine.reset();
    else if (!z3::eq(*mine, *other))
      mine = z3::ite(other_when, *other, *mine);
  }

  void go(std::size_t to, State state) {
    if (state.when.is_false())
      return;
    std::optional<State> &there = states_.at(to);
    if (!there) {
      there = std::move(state);
      return;
    }
    std::optional<expr> a = there->a, x = there->x;
    meet(a, state.a, state.when);
    meet(x, state.x, state.when);
    for (std::size_t i = 0; i < bpf::scratch_words; ++i)
      meet(there->memory[i], state.memory[i], state.when);
    there->a = *a;
    there->x = *x;
    there->when = there->when || state.when;
  }

  /// The kernel proves jumps on constants as well: what is never reached stays
  /// out of the expression.
  static expr folded(const expr &condition, const expr &a) {
    return a.is_numeral() ? condition.simplify() : condition;
  }

  void branch(std::size_t at, const Instruction &i, const State &state) {
    expr other = (i.code & 0x08) != 0 ? state.x : word(i.k);
    expr yes = [&] {
      switch (i.code & 0xf0) {
        case 0x10:
          return state.a == other;
        case 0x20:
          return z3::ugt(state.a, other);
        case 0x30:
          return z3::uge(state.a, other);
        default:
          return (state.a & other) != word(0);
      }
    }();
    yes = folded(yes, state.a);
    auto when = [&](const expr &condition) {
      if (condition.is_true())
        return state.when;
      if (condition.is_false())
        return condition;
      return state.when && condition;
    };
    State taken = state, passed = state;
    taken.when = when(yes);
    passed.when = when(yes.is_true()    ? c_.bool_val(false)
                       : yes.is_false() ? c_.bool_val(true)
                                        : !yes);
    go(at + 1 + i.if_true, std::move(taken));
    go(at + 1 + i.if_false, std::move(passed));
  }

  /// A shift by 32 or more is what the processor makes of it: anything.
  expr shifted(const expr &result, const expr &by) {
    if (by.is_numeral())
      return result;
    const std::string name = "shifted_too_far_" + std::to_string(unknown_++);
    expr anything = c_.bv_const(name.c_str(), 32);
    return z3::ite(z3::ult(by, word(32)), result, anything);
  }

  expr arithmetic(const Instruction &i, const State &state) {
    expr other = (i.code & 0x08) != 0 ? state.x : word(i.k);
    switch (i.code & 0xf0) {
      case 0x00:
        return state.a + other;
      case 0x10:
        return state.a - other;
      case 0x40:
        return state.a | other;
      case 0x50:
        return state.a & other;
      case 0x60:
        return shifted(z3::shl(state.a, other), other);
      case 0x70:
        return shifted(z3::lshr(state.a, other), other);
      case 0x80:
        return -state.a;
      case 0xa0:
        return state.a ^ other;
      default:
        throw std::logic_error("an operation that no compiler of ours uses");
    }
  }

  void step(std::size_t at, State state) {
    const Instruction &i = program_[at];
    switch (i.code) {
      case ld:
        state.a = load(i.k);
        break;
      case ld_imm:
        state.a = word(i.k);
        break;
      case ldx_imm:
        state.x = word(i.k);
        break;
      case ld_mem:
        state.a = state.memory.at(i.k).value();
        break;
      case ldx_mem:
        state.x = state.memory.at(i.k).value();
        break;
      case st:
        state.memory.at(i.k) = state.a;
        break;
      case stx:
        state.memory.at(i.k) = state.x;
        break;
      case tax:
        state.x = state.a;
        break;
      case txa:
        state.a = state.x;
        break;
      case ja:
        go(at + 1 + i.k, std::move(state));
        return;
      case ret_k:
        answer_ = z3::ite(state.when, word(i.k), answer_);
        return;
      default:
        if (bpf::is_conditional(i.code)) {
          branch(at, i, state);
          return;
        }
        if ((i.code & 0x07) != 0x04)
          throw std::logic_error(
              "an instruction that no compiler of ours uses");
        state.a = arithmetic(i, state);
    }
    go(at + 1, std::move(state));
  }

  std::span<const Instruction> program_;
  const SymbolicCall &call_;
  z3::context &c_;
  std::vector<std::optional<State>> states_;
  expr answer_;
  unsigned unknown_ = 0;
};

}  // namespace

z3::expr answer_of(std::span<const Instruction> program,
                   const SymbolicCall &call) {
  return Machine(program, call).run();
}

}  // namespace memseal::prove
