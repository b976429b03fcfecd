// SPDX-License-Identifier: Apache-2.0
#include "supervisor/verdict.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <cerrno>

#include "supervisor/violation_describer.h"

namespace memseal::supervisor {
namespace {

using report::CallOutcome;
using report::SealedRange;
using report::Violation;

seccomp_notif_resp written(const Verdict &verdict) {
  seccomp_notif_resp response{.id = 7, .val = 1, .error = 1, .flags = 8};
  encode(verdict, response);
  EXPECT_EQ(response.id, 7u);
  return response;
}

Verdict answer(long value) {
  return {.kind = Verdict::Kind::answer, .value = value, .violation = true};
}

TEST(Verdict, to_proceed_lets_the_kernel_make_the_call) {
  seccomp_notif_resp response = written({});
  EXPECT_EQ(response.flags, unsigned{SECCOMP_USER_NOTIF_FLAG_CONTINUE});
  EXPECT_EQ(response.error, 0);
  EXPECT_EQ(response.val, 0);
}

TEST(Verdict, is_an_error_or_a_value_never_both) {
  seccomp_notif_resp refused = written(answer(-EPERM));
  EXPECT_EQ(refused.error, -EPERM);
  EXPECT_EQ(refused.val, 0);
  EXPECT_EQ(refused.flags, 0u);
  seccomp_notif_resp told = written(answer(0x7f0000001000));
  EXPECT_EQ(told.error, 0);
  EXPECT_EQ(told.val, 0x7f0000001000);
  EXPECT_EQ(told.flags, 0u);
}

TEST(Verdict, errnos_end_where_the_kernels_do) {
  EXPECT_EQ(answer(-1).error(), 1);
  EXPECT_EQ(answer(-4095).error(), 4095);
  EXPECT_EQ(answer(-4096).error(), 0);  // an address at the end of memory
  EXPECT_EQ(answer(0).error(), 0);
}

TEST(Verdict, names_what_became_of_the_call) {
  EXPECT_EQ(outcome_of(answer(-EPERM)), CallOutcome::denied);
  // shmdt is told a success; brk is told where the break is, and it stays.
  EXPECT_EQ(outcome_of(answer(0)), CallOutcome::no_effect);
  EXPECT_EQ(outcome_of(answer(0x555000)), CallOutcome::no_effect);
  EXPECT_EQ(outcome_of({}), CallOutcome::permitted);
}

PageRange pages(Address begin, std::size_t count) {
  return *PageRange::create(begin, count * 4096, 4096);
}

MemoryCall touching(std::vector<PageRange> ranges) {
  return {.effect = Effect::change, .ranges = std::move(ranges)};
}

const std::vector<SealedRange> objects{
    {pages(0x10000, 4), "/lib/a.so", "text"},
    {pages(0x20000, 4), "/lib/b.so", "text"},
    {pages(0x26000, 2), "/lib/b.so", "relro"},
};

TEST(Violation, is_located_by_the_first_sealed_page_it_touches) {
  Violation violation;
  locate(touching({pages(0x25000, 2)}), objects, violation);
  ASSERT_EQ(violation.sealed, &objects[2]);
  EXPECT_EQ(violation.touched, pages(0x26000, 1));
  EXPECT_EQ(violation.offset, 0x6000u);  // into the object, not the segment
}

TEST(Violation, of_a_move_onto_sealed_pages_is_located_by_its_target) {
  Violation violation;
  locate(touching({pages(0x90000, 1), pages(0x13000, 1)}), objects, violation);
  ASSERT_EQ(violation.sealed, &objects[0]);
  EXPECT_EQ(violation.offset, 0x3000u);
}

TEST(Violation, beside_what_is_known_is_on_unknown_pages) {
  Violation violation;
  locate(touching({pages(0x14000, 4)}), objects, violation);
  EXPECT_EQ(violation.sealed, nullptr);
  EXPECT_FALSE(violation.touched);
  locate(touching({}), objects, violation);
  EXPECT_EQ(violation.sealed, nullptr);
}

}  // namespace
}  // namespace memseal::supervisor
