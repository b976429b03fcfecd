// SPDX-License-Identifier: Apache-2.0
#include "base_rules.h"

#include <initializer_list>
#include <string_view>

namespace memseal::prove {
namespace {

using z3::expr;

// Calls by name, in the order of all_ways(); none where a way lacks the call.
constexpr std::uint32_t none = 0xffffffff;
struct Numbers {
  std::uint32_t by_way[4];
};
constexpr Numbers mprotect{{10, 125, 226, 125}},
    pkey_mprotect{{329, 380, 288, 394}}, shmat{{30, 397, 196, 305}},
    process_madvise{{440, 440, 440, 440}}, personality{{135, 136, 92, 136}},
    prctl{{157, 172, 167, 172}}, arch_prctl{{158, 384, none, none}},
    memfd_create{{319, 356, 279, 385}}, uselib{{134, 86, none, 86}},
    old_mmap{{none, 90, none, none}}, ipc{{none, 117, none, none}},
    io_uring_setup{{425, 425, 425, 425}}, userfaultfd{{323, 374, 282, 388}},
    ptrace{{101, 26, 117, 26}}, io_destroy{{207, 246, 1, 244}},
    ioctl{{16, 54, 29, 54}};

constexpr std::uint32_t allow = 0x7fff0000, eperm = 0x00050001,
                        enosys = 0x00050000 | 38;

class Reader {
public:
  Reader(const Way &way, const SymbolicCall &call)
      : way_(static_cast<std::size_t>(&way - all_ways().data())),
        call_(call),
        c_(call.number.ctx()),
        refused_(c_.bool_val(false)) {}

  expr answer(BaseLevel level) {
    expr always = c_.bool_val(true);
    expr grows = has_bits(2, 0x03000000);
    refuse(mprotect, grows);
    refuse(pkey_mprotect, grows);
    refuse(shmat, has_bits(2, 040000));
    refuse(process_madvise,
           is_one_of(word(3), {4, 8, 9, 10, 18, 24, 100, 102, 103}));
    refuse(personality,
           has_bits(0, 0x0400000) && word(0) != c_.bv_val(~0U, 32));
    refuse(prctl, is_one_of(word(0), {35}));
    refuse(arch_prctl, is_one_of(word(0), {0x4002}));
    refuse(memfd_create, has_bits(1, 4));
    refuse(uselib, always);
    refuse(old_mmap, always);
    refuse(ipc, is_one_of(word(0) & c_.bv_val(0xffff, 32), {21, 22}));
    if (level == BaseLevel::closed) {
      for (const Numbers &call :
           {io_uring_setup, userfaultfd, ptrace, io_destroy})
        refuse(call, always);
      refuse(ioctl, is_one_of(word(1), {0xaa00}));
    }
    expr answer = z3::ite(refused_, c_.bv_val(eperm, 32), c_.bv_val(allow, 32));
    // x32's numbers; but -1 is of a call that a tracer skipped.
    if (way_ == 0)
      answer = z3::ite(z3::uge(call_.number, c_.bv_val(0x40000000, 32)) &&
                           call_.number != c_.bv_val(~0U, 32),
                       c_.bv_val(enosys, 32), answer);
    return answer;
  }

private:
  expr word(unsigned n) { return call_.arguments[n].extract(31, 0); }
  expr has_bits(unsigned n, std::uint32_t mask) {
    return (word(n) & c_.bv_val(mask, 32)) != c_.bv_val(0, 32);
  }
  expr is_one_of(const expr &value,
                 std::initializer_list<std::uint32_t> values) {
    expr any = c_.bool_val(false);
    for (std::uint32_t one : values)
      any = any || value == c_.bv_val(one, 32);
    return any;
  }
  void refuse(const Numbers &numbers, const expr &when) {
    if (std::uint32_t number = numbers.by_way[way_]; number != none)
      refused_ = refused_ || (call_.number == c_.bv_val(number, 32) && when);
  }

  std::size_t way_;
  const SymbolicCall &call_;
  z3::context &c_;
  expr refused_;
};

}  // namespace

expr base_answer(BaseLevel level, const Way &way, const SymbolicCall &call) {
  return Reader(way, call).answer(level);
}

}  // namespace memseal::prove
