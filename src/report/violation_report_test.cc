// SPDX-License-Identifier: Apache-2.0
#include "report/violation_report_tool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

namespace memseal::report {
namespace {

using nlohmann::json;

const Subject subject{.time = {}, .pid = 12, .program = "/bin/demo"};

Violation violation() {
  Violation one;
  one.pid = one.tid = 12;
  one.program = "/bin/demo";
  one.call = "munmap";
  one.text = "munmap(0x1000, 4096)";
  one.sys_errno = 1;
  return one;
}

/// A FIFO that somebody reads, or does not.
class ViolationReportTest : public testing::Test {
protected:
  ViolationReportTest()
      : path_(testing::TempDir() + "memseal-report" +
              std::to_string(getpid())) {
    unlink(path_.c_str());
    mkfifo(path_.c_str(), 0600);
    reader_ = open(path_.c_str(), O_RDONLY | O_NONBLOCK);
    writer_ = open(path_.c_str(), O_WRONLY | O_NONBLOCK);
    fcntl(writer_, F_SETPIPE_SZ, 4096);
  }
  ~ViolationReportTest() override {
    close(reader_);
    close(writer_);
    unlink(path_.c_str());
  }
  void fill() const {
    while (::write(writer_, "\n", 1) == 1) {
    }
  }
  std::vector<json> take() const {
    std::string text;
    char bytes[4096];
    for (ssize_t size; (size = read(reader_, bytes, sizeof bytes)) > 0;)
      text.append(bytes, static_cast<std::size_t>(size));
    std::vector<json> records;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = text.find('\n', at);
      if (end > at)
        records.push_back(json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return records;
  }
  ViolationReport report() const {
    return std::move(ViolationReport::open(path_, Form::json).value());
  }

  std::string path_;
  int reader_, writer_;
};

TEST_F(ViolationReportTest, of_all_that_was_told_needs_no_summary) {
  auto out = report();
  out.tell(violation());
  out.conclude(subject, {.violations = 1});
  auto records = take();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]["type"], "violation");
}

TEST_F(ViolationReportTest,
       waits_for_a_full_pipe_once_and_counts_what_is_lost) {
  auto out = report();
  fill();
  auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i)
    out.tell(violation());
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
  EXPECT_TRUE(take().empty());

  out.tell(violation());  // there is room again
  out.conclude(subject, {.violations = 51});
  auto records = take();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0]["type"], "violation");
  EXPECT_EQ(records[1]["type"], "summary");
  EXPECT_EQ(records[1]["violations"], 51);
  EXPECT_EQ(records[1]["lost"], 50);
}

TEST_F(ViolationReportTest, sums_up_those_whose_thread_had_ended) {
  auto out = report();
  out.conclude(subject, {.violations = 2, .vanished = 1});
  auto records = take();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0]["vanished"], 1);
}

}  // namespace
}  // namespace memseal::report
