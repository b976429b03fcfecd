// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "report/seal_line.h"

namespace memseal::report {
namespace {

std::string shown(Timestamp time) {
  char buffer[64];
  TextWriter out(buffer);
  return std::string(write(out, time).view());
}

TEST(Timestamp, is_a_date_of_rfc_3339_in_utc) {
  EXPECT_EQ(shown({0, 0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(shown({951'782'399, 1'000}), "2000-02-28T23:59:59.000001Z");
  EXPECT_EQ(shown({951'782'400, 0}), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(shown({951'868'800, 0}), "2000-03-01T00:00:00.000000Z");
  EXPECT_EQ(shown({1'677'628'800, 0}), "2023-03-01T00:00:00.000000Z");
  EXPECT_EQ(shown({4'107'542'400, 0}), "2100-03-01T00:00:00.000000Z");
  EXPECT_EQ(shown({1'795'989'662, 999'999'999}), "2026-11-29T22:01:02.999999Z");
}

std::string json_of(std::string_view bytes) {
  char buffer[256];
  TextWriter out(buffer);
  return std::string(out.json(bytes).view());
}

TEST(Json, of_any_bytes_is_an_ascii_string) {
  EXPECT_EQ(json_of("plain"), "\"plain\"");
  EXPECT_EQ(json_of("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(json_of("\n\x1b\x7f"), "\"\\u000a\\u001b\\u007f\"");
  EXPECT_EQ(json_of("\xc3\xa4"), "\"\\u00e4\"");
  EXPECT_EQ(json_of("\xf0\x9f\x94\x92"), "\"\\ud83d\\udd12\"");
}

TEST(Json, has_a_replacement_for_each_byte_that_is_no_utf_8) {
  EXPECT_EQ(json_of("a\xff"), "\"a\\ufffd\"");
  EXPECT_EQ(json_of("\xc3"), "\"\\ufffd\"");             // cut off
  EXPECT_EQ(json_of("\xc0\xaf"), "\"\\ufffd\\ufffd\"");  // an overlong "/"
  EXPECT_EQ(json_of("\xe0\x80\xaf"), "\"\\ufffd\\ufffd\\ufffd\"");
  EXPECT_EQ(json_of("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");  // surrogate
  EXPECT_EQ(json_of("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
  EXPECT_EQ(json_of("\xc3z"), "\"\\ufffdz\"");
}

std::string printed(std::string_view bytes) {
  char buffer[256];
  TextWriter out(buffer);
  return std::string(out.printable(bytes).view());
}

TEST(Printable, text_neither_ends_a_line_nor_steers_a_terminal) {
  EXPECT_EQ(printed("/usr/lib/l\xc3\xa4"
                    "b.so"),
            "/usr/lib/l\xc3\xa4"
            "b.so");
  EXPECT_EQ(printed("a\nb"), "a\\012b");
  EXPECT_EQ(printed("\x1b[2J"), "\\033[2J");
  EXPECT_EQ(printed("\x7f"), "\\177");
  EXPECT_EQ(printed("\xc2\x9b"), "\\302\\233");  // CSI in one character
  EXPECT_EQ(printed("\xe2\x80\xa8"), "\\342\\200\\250");  // line separator
  EXPECT_EQ(printed("\xe2\x80\xae"), "\\342\\200\\256");  // right to left
  EXPECT_EQ(printed("\xff"), "\\377");
  EXPECT_EQ(printed("a\\012"), "a\\134012");  // not what a newline looks like
}

TEST(Form, is_json_by_name_and_dated_in_files) {
  EXPECT_EQ(form_of("-"), Form::text);
  EXPECT_EQ(form_of("/var/log/seals"), Form::dated_text);
  EXPECT_EQ(form_of("r.json"), Form::json);
  EXPECT_EQ(form_of("r.json.old"), Form::dated_text);
}

const Subject subject{
    .time = {1'000'000'000, 5'000}, .pid = 12, .program = "/usr/bin/true"};

std::string line(Form form, const SealLine &what) {
  char buffer[1024];
  TextWriter out(buffer);
  write(out, form, what);
  return std::string(out.view());
}

PageRange range() {
  return *PageRange::create(0x7f0000001000, 0x2000, 4096);
}

TEST(SealLine, tells_who_seals_what) {
  SealLine sealed{.subject = subject,
                  .object = "/usr/bin/true",
                  .segment = "text",
                  .range = range(),
                  .engine = "native"};
  EXPECT_EQ(line(Form::text, sealed),
            "memseal: true[12]: /usr/bin/true 0x7f0000001000-0x7f0000003000 "
            "text sealed native\n");
  EXPECT_EQ(line(Form::dated_text, sealed),
            "2001-09-09T01:46:40.000005Z true[12]: /usr/bin/true "
            "0x7f0000001000-0x7f0000003000 text sealed native\n");
  EXPECT_EQ(line(Form::json, sealed),
            "{\"schema\":1,\"type\":\"seal\","
            "\"time\":\"2001-09-09T01:46:40.000005Z\",\"pid\":12,"
            "\"program\":\"/usr/bin/true\",\"object\":\"/usr/bin/true\","
            "\"segment\":\"text\",\"begin\":\"0x7f0000001000\","
            "\"end\":\"0x7f0000003000\",\"sealed\":true,"
            "\"engine\":\"native\"}\n");
}

TEST(SealLine, tells_why_something_is_not_sealed) {
  SealLine refused{.subject = subject,
                   .object = "libx.so",
                   .segment = "relro",
                   .range = range(),
                   .outcome = {.reason = Reason::refused, .sys_errno = 11}};
  EXPECT_EQ(line(Form::text, refused),
            "memseal: true[12]: libx.so 0x7f0000001000-0x7f0000003000 relro "
            "not sealed: the kernel refused, errno 11\n");
  EXPECT_NE(line(Form::json, refused)
                .find("\"sealed\":false,\"reason\":\"refused\","
                      "\"sentence\":\"the kernel refused\",\"errno\":11}"),
            std::string::npos);

  SealLine whole{.subject = subject,
                 .object = "libx.so",
                 .outcome = {.reason = Reason::flawed,
                             .flaw = elf::Flaw::text_relocations}};
  EXPECT_EQ(line(Form::text, whole),
            "memseal: true[12]: libx.so not sealed: it has text relocations "
            "(DT_TEXTREL)\n");
  whole.sentence = "its own words";
  EXPECT_NE(line(Form::json, whole).find("\"sentence\":\"its own words\"}"),
            std::string::npos);
}

TEST(SealLine, is_one_line_whatever_the_names_hold) {
  SealLine forged{
      .subject = {.time = {}, .pid = 12, .program = "/x/\nmemseal: a"},
      .object = "/x/\nmemseal: true[1]: libc.so",
      .segment = "text",
      .range = range(),
      .engine = "native"};
  for (Form form : {Form::text, Form::dated_text, Form::json}) {
    std::string text = line(form, forged);
    EXPECT_EQ(text.find('\n'), text.size() - 1) << text;
  }
}

TEST(SealLine, fits_even_with_the_longest_names) {
  std::string path(4095, '\xff');
  std::string buffer(longest_seal_line, '\0');
  TextWriter out(buffer);
  write(out, Form::json,
        {.subject = {.time = {}, .pid = 1 << 30, .program = path},
         .object = path,
         .segment = "rodata",
         .range = range(),
         .outcome = {.reason = Reason::no_keeper, .sys_errno = 4095},
         .engine = {}});
  EXPECT_FALSE(out.cut());
}

}  // namespace
}  // namespace memseal::report
