// SPDX-License-Identifier: Apache-2.0
#include "cli/violation_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace memseal::cli {
namespace {

using nlohmann::json;
using report::Backtrace;
using report::SealedRange;
using report::Violation;
using testing::HasSubstr;
using testing::Not;

const SealedRange table{
    .range = *PageRange::create(0x7f0000001000, 0x1000, 4096),
    .object = "/usr/lib/libx,y.so",
    .segment = "relro"};
const Backtrace callers{.number = 1,
                        .frames = {{.address = 0x7f00,
                                    .function = "mprotect",
                                    .object = "libc.so",
                                    .source = {}},
                                   {.address = 0x5500,
                                    .function = "patch",
                                    .object = "/bin/prog",
                                    .source = "prog.c:12"}}};

Violation on(const SealedRange *sealed) {
  Violation violation;
  violation.call = "mprotect";
  violation.sealed = sealed;
  violation.callers = &callers;
  return violation;
}

json told(const ViolationSummary &summary, std::uint64_t violations) {
  return json::parse(summary.json(
      {.violations = violations},
      {.time = {}, .pid = 12, .program = "/usr/bin/prog"}, "prog"));
}

TEST(ViolationSummary, counts_calls_of_one_place_together) {
  ViolationSummary summary;
  for (int i = 0; i < 3; ++i)
    summary.add(on(&table));
  EXPECT_THAT(summary.text({.violations = 3}, "prog"),
              HasSubstr("3 x mprotect on relro of /usr/lib/libx,y.so, from "
                        "patch (prog.c:12)\n"));
  json all = told(summary, 3);
  const json place{{"call", "mprotect"},
                   {"object", "/usr/lib/libx,y.so"},
                   {"segment", "relro"},
                   {"caller", "patch (prog.c:12)"},
                   {"violations", 3}};
  EXPECT_EQ(all["places"], json::array({place}));
  EXPECT_EQ(all["pid"], 12);
  EXPECT_EQ(all["program"], "/usr/bin/prog");
}

TEST(ViolationSummary, suggests_to_except_the_objects_that_it_knows) {
  ViolationSummary summary;
  summary.add(on(&table));
  summary.add(on(nullptr));
  EXPECT_EQ(told(summary, 2)["suggested"]["except"],
            json::array({"libx,y.so"}));
  // What separates patterns is no part of one.
  EXPECT_THAT(summary.text({.violations = 2}, "prog"),
              HasSubstr("memseal run --except=libx?y.so -- prog\n"));
  EXPECT_THAT(summary.policy("prog"), HasSubstr("libx?y.so"));
}

TEST(ViolationSummary, says_so_where_no_object_is_known) {
  ViolationSummary summary;
  summary.add(on(nullptr));
  std::string text = summary.text({.violations = 1}, "prog");
  EXPECT_THAT(text, HasSubstr("1 x mprotect on unknown pages, from patch"));
  EXPECT_THAT(text, HasSubstr("memseal run -- prog\n"));
  json all = told(summary, 1);
  EXPECT_FALSE(all["places"][0].contains("object"));
  EXPECT_FALSE(all["places"][0].contains("segment"));
  EXPECT_EQ(all["suggested"]["except"], json::array());
}

TEST(ViolationSummary, of_nothing_suggests_to_seal_everything) {
  ViolationSummary summary;
  std::string text = summary.text({}, "prog");
  EXPECT_THAT(text, HasSubstr("would have broken nothing"));
  EXPECT_THAT(text, Not(HasSubstr("--except")));
}

}  // namespace
}  // namespace memseal::cli
