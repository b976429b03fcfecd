// SPDX-License-Identifier: Apache-2.0
// One question to the solver: the calls it is about, and the call that answers.
#pragma once

#include <z3++.h>

#include <cstdint>
#include <sstream>
#include <string>

#include "rules.h"
#include "symbolic_machine.h"

namespace memseal::prove {

inline constexpr std::uint32_t allow = 0x7fff0000;

class Prover {
public:
  SymbolicCall call() {
    auto argument = [&](const char *name) { return c_.bv_const(name, 64); };
    return {c_.bv_const("number", 32),
            c_.bv_const("architecture", 32),
            {argument("a0"), argument("a1"), argument("a2"), argument("a3"),
             argument("a4"), argument("a5")}};
  }
  /// A call of this number by this way.
  SymbolicCall call(const Way &way, std::uint32_t number) {
    SymbolicCall made = call(way);
    made.number = c_.bv_val(number, 32);
    return made;
  }
  SymbolicCall call(const Way &way) {
    SymbolicCall made = call();
    made.architecture = c_.bv_val(way.audit_architecture, 32);
    if (!way.wide) {
      for (z3::expr &argument : made.arguments)
        argument = z3::zext(argument.extract(31, 0), 32);
    }
    return made;
  }
  z3::expr word(std::uint32_t value) { return c_.bv_val(value, 32); }
  z3::expr word64(std::uint64_t value) { return c_.bv_val(value, 64); }
  z3::expr truth(bool value) { return c_.bool_val(value); }

  /// Empty if no call makes it true; else such a call.
  std::string call_for(const z3::expr &broken, const SymbolicCall &call,
                       const std::string &what) {
    z3::solver solver(c_, "QF_BV");
    solver.add(broken);
    z3::check_result result = solver.check();
    if (result == z3::unsat)
      return {};
    if (result == z3::unknown)
      return what + ": the solver gives up: " + solver.reason_unknown();
    z3::model model = solver.get_model();
    auto value = [&](const z3::expr &e) {
      return model.eval(e, true).get_numeral_uint64();
    };
    std::ostringstream text;
    text << what << std::hex << " (number " << std::dec << value(call.number)
         << std::hex << ", architecture 0x" << value(call.architecture)
         << ") (";
    for (std::size_t i = 0; i < call.arguments.size(); ++i)
      text << (i == 0 ? "0x" : ", 0x") << value(call.arguments[i]);
    text << ")";
    return text.str();
  }

private:
  z3::context c_;
};

}  // namespace memseal::prove
