// SPDX-License-Identifier: Apache-2.0
#include "report/violation_lines_tool.h"

#include <gtest/gtest.h>

namespace memseal::report {
namespace {

PageRange pages(Address begin, std::size_t size) {
  return *PageRange::create(begin, size, 4096);
}

const SealedRange sealed{pages(0x7f0000000000, 0x4000), "/usr/lib/libc.so.6",
                         "relro"};
const Backtrace callers{1,
                        {{0x401000, "unlock", "/usr/bin/demo", "demo.c:7"},
                         {0x402000, "main", "/usr/bin/demo", ""},
                         {0x403000, "", "", ""}}};

Violation violation() {
  return {.time = {1'000'000'000, 0},
          .pid = 12,
          .tid = 13,
          .program = "/usr/bin/demo",
          .thread = "worker",
          .call = "mprotect",
          .text = "mprotect(0x7f0000001000, 4096, PROT_READ|PROT_WRITE)",
          .outcome = CallOutcome::denied,
          .sys_errno = 1,
          .sealed = &sealed,
          .touched = pages(0x7f0000001000, 0x1000),
          .offset = 0x1000,
          .callers = &callers};
}

std::string line(Form form, const Violation &what) {
  return std::string(ViolationLines(form).line(what));
}

TEST(ViolationLine, tells_who_did_what_on_which_pages_from_where) {
  EXPECT_EQ(line(Form::text, violation()),
            "memseal: demo[12/13]: mprotect(0x7f0000001000, 4096, "
            "PROT_READ|PROT_WRITE) on relro of /usr/lib/libc.so.6+0x1000: "
            "denied; from unlock (demo.c:7) < main (demo) < 0x403000\n");
  EXPECT_EQ(line(Form::json, violation()),
            "{\"schema\":1,\"type\":\"violation\","
            "\"time\":\"2001-09-09T01:46:40.000000Z\",\"pid\":12,\"tid\":13,"
            "\"program\":\"/usr/bin/demo\",\"thread\":\"worker\","
            "\"call\":\"mprotect\",\"text\":\"mprotect(0x7f0000001000, 4096, "
            "PROT_READ|PROT_WRITE)\",\"outcome\":\"denied\",\"errno\":1,"
            "\"object\":\"/usr/lib/libc.so.6\",\"segment\":\"relro\","
            "\"offset\":\"0x1000\",\"begin\":\"0x7f0000001000\","
            "\"end\":\"0x7f0000002000\",\"frames\":["
            "{\"address\":\"0x401000\",\"function\":\"unlock\","
            "\"object\":\"/usr/bin/demo\",\"source\":\"demo.c:7\"},"
            "{\"address\":\"0x402000\",\"function\":\"main\","
            "\"object\":\"/usr/bin/demo\",\"source\":\"\"},"
            "{\"address\":\"0x403000\",\"function\":\"\",\"object\":\"\","
            "\"source\":\"\"}]}\n");
}

TEST(ViolationLine, does_not_call_a_success_that_did_nothing_denied) {
  Violation detached = violation();
  detached.outcome = CallOutcome::no_effect;
  detached.sys_errno = 0;
  EXPECT_NE(line(Form::text, detached).find("+0x1000: no effect; from"),
            std::string::npos);
  std::string json = line(Form::json, detached);
  EXPECT_NE(json.find("\"outcome\":\"no effect\","), std::string::npos);
  EXPECT_EQ(json.find("errno"), std::string::npos);
  detached.outcome = CallOutcome::permitted;
  EXPECT_NE(line(Form::text, detached).find("+0x1000: permitted; from"),
            std::string::npos);
}

TEST(ViolationLine, tells_what_it_knows_if_that_is_little) {
  Violation unknown = violation();
  unknown.sealed = nullptr;
  unknown.touched.reset();
  unknown.callers = nullptr;
  EXPECT_NE(line(Form::text, unknown).find(") on unknown pages: denied\n"),
            std::string::npos);
  std::string json = line(Form::json, unknown);
  EXPECT_EQ(json.find("\"object\""), std::string::npos);
  EXPECT_TRUE(json.ends_with("\"frames\":[]}\n")) << json;
}

TEST(ViolationLine, is_one_line_whatever_the_names_hold) {
  Violation forged = violation();
  const std::string evil = "x\nmemseal: forged\x1b[2J\xff";
  const SealedRange named{sealed.range, evil, "text"};
  const Backtrace from{7, {{1, evil, evil, evil}}};
  forged.program = evil;
  forged.thread = evil;
  forged.sealed = &named;
  forged.callers = &from;
  for (Form form : {Form::text, Form::dated_text, Form::json}) {
    std::string text = line(form, forged);
    EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
    for (char c : text)
      EXPECT_TRUE((c >= 0x20 && c < 0x7f) || c == '\n') << text;
  }
}

TEST(ViolationLine, tells_as_many_frames_as_fit) {
  const std::string path(4095, '\xff');
  Backtrace from{8, {}};
  for (int i = 0; i < 12; ++i)
    from.frames.push_back({1, path, path, path});
  Violation large = violation();
  const SealedRange named{sealed.range, path, "text"};
  large.program = path;
  large.sealed = &named;
  large.callers = &from;
  std::string json = line(Form::json, large);
  EXPECT_TRUE(json.ends_with("}]}\n"));
  EXPECT_LT(json.size(), 512u * 1024);
}

TEST(ViolationLine, of_other_callers_is_not_told_with_those_of_the_first) {
  ViolationLines lines(Form::text);
  Violation one = violation(), other = violation();
  const Backtrace elsewhere{2, {{0x5, "elsewhere", "", ""}}};
  other.callers = &elsewhere;
  for (int i = 0; i < 2; ++i) {
    EXPECT_NE(lines.line(one).find("from unlock"), std::string::npos);
    EXPECT_NE(lines.line(other).find("from elsewhere"), std::string::npos);
  }
}

TEST(SummaryLine, counts_what_no_line_tells) {
  const Subject subject{.time = {0, 0}, .pid = 12, .program = "/bin/demo"};
  const ViolationCounts counts{
      .violations = 3, .stale = 4, .vanished = 1, .lost = 2};
  EXPECT_EQ(summary_line(Form::json, subject, counts),
            "{\"schema\":1,\"type\":\"summary\","
            "\"time\":\"1970-01-01T00:00:00.000000Z\",\"pid\":12,"
            "\"program\":\"/bin/demo\",\"violations\":3,\"vanished\":1,"
            "\"lost\":2}\n");
  EXPECT_EQ(summary_line(Form::text, subject, counts),
            "memseal: demo[12]: 4 violations, 1 by threads that ended before "
            "they were looked at, 2 not told as they could not be written\n");
}

}  // namespace
}  // namespace memseal::report
