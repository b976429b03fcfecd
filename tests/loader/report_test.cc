// SPDX-License-Identifier: Apache-2.0
// What the report says is what the kernel shows.
#include <gtest/gtest.h>

#include <charconv>
#include <map>
#include <sstream>

#include "loader/every_glibc.h"
#include "vm/maps_parser.h"

namespace memseal::test {
namespace {

constexpr std::size_t page = 4096;

/// The value of "KEY": in a line of JSON, without its quotes.
std::string field(const std::string &line, const std::string &key) {
  std::size_t at = line.find("\"" + key + "\":");
  if (at == std::string::npos)
    return "";
  at += key.size() + 3;
  if (line[at] == '"')
    return line.substr(at + 1, line.find('"', at + 1) - at - 1);
  return line.substr(at, line.find_first_of(",}", at) - at);
}

Address number(const std::string &hex) {
  Address value = 0;
  std::from_chars(hex.data() + 2, hex.data() + hex.size(), value, 16);
  return value;
}

/// For each page, whether smaps has the flag `sl`.
std::map<Address, bool> sealed_pages(const std::string &smaps) {
  std::map<Address, bool> pages;
  MapsParser parser(smaps, page);
  for (;;) {
    auto next = parser.next();
    if (!next || !*next)
      return pages;
    // The vsyscall page is the kernel's.
    if ((*next)->range.begin() >> 63)
      continue;
    for (Address a = (*next)->range.begin(); a < (*next)->range.end();
         a += page)
      pages[a] = (*next)->seal == KernelSeal::present;
  }
}

struct Account {
  std::string report, smaps;
};

Account run_with_report(const Glibc &glibc, const std::string &options) {
  std::string file = testing::TempDir() + "memseal-report.json";
  std::remove(file.c_str());
  Finished run = run_sealed(glibc, {program("initial"), "smaps"},
                            options + "report=" + file);
  EXPECT_EQ(run.status, 0);
  Finished read = memseal::test::run({"/bin/cat", file}, {});
  std::remove(file.c_str());
  return {read.output, run.output};
}

using Report = EveryGlibc;
MEMSEAL_WITH_EVERY_GLIBC(Report);

TEST_P(Report, and_smaps_agree_on_every_page) {
  Account run = run_with_report(glibc, "except=libwitness.so;");
  std::map<Address, bool> pages = sealed_pages(run.smaps);
  std::istringstream lines(run.report);
  std::map<std::string, int> sealed_parts;
  std::size_t reported = 0;
  for (std::string line; std::getline(lines, line);) {
    bool sealed = field(line, "sealed") == "true";
    EXPECT_EQ(field(line, sealed ? "engine" : "reason").empty(), false) << line;
    if (sealed)
      ++sealed_parts[field(line, "segment")];
    for (Address a = number(field(line, "begin"));
         a < number(field(line, "end")); a += page) {
      ++reported;
      if (field(line, "segment") == "gap" && !sealed)
        continue;
      ASSERT_TRUE(pages.contains(a)) << line;
      ASSERT_EQ(pages[a], sealed) << line;
      pages.erase(a);
    }
  }
  EXPECT_GE(sealed_parts["text"], 5);  // program, libc, ld.so, vdso, module
  EXPECT_GE(sealed_parts["relro"], 4);
  EXPECT_GT(reported, 400u);
  for (auto [address, sealed] : pages)
    EXPECT_FALSE(sealed) << std::hex << address << " is in no line";
  // What the vdso reads is lent by the kernel; it is in no list.
  EXPECT_NE(run.report.find("\"object\":\"[vvar]\""), std::string::npos);
  // The module seals itself; it is in no list.
  EXPECT_NE(run.report.find("\"object\":\"libmemseal-audit.so\""),
            std::string::npos);
}

TEST_P(Report, says_why_an_object_was_left_out) {
  Account run = run_with_report(glibc, "except=libwitness.so;");
  std::istringstream lines(run.report);
  int told = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!field(line, "object").ends_with("libwitness.so") ||
        field(line, "segment") != "text")
      continue;
    ++told;
    EXPECT_EQ(field(line, "sealed"), "false") << line;
    EXPECT_EQ(field(line, "reason"), "not_selected") << line;
    EXPECT_TRUE(field(line, "begin").starts_with("0x")) << line;
  }
  EXPECT_EQ(told, 1) << run.report;
}

TEST_P(Report, of_an_ordinary_run_leaves_out_nothing_but_data) {
  Account run = run_with_report(glibc, "");
  std::istringstream lines(run.report);
  for (std::string line; std::getline(lines, line);) {
    if (field(line, "sealed") != "true" && field(line, "segment") != "gap") {
      EXPECT_EQ(field(line, "reason"), "writable_by_design") << line;
    }
  }
}

}  // namespace
}  // namespace memseal::test
