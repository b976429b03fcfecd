// SPDX-License-Identifier: Apache-2.0
#include "sys/maps_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "sys/memory.h"

namespace memseal::sys {

// Reads a text of the test's own: a pipe gives it in pieces, as the kernel
// does.
class MapsReaderTest : public ::testing::Test {
protected:
  struct Seen {
    Address begin;
    std::string name;
    KernelSeal seal;
    friend bool operator==(const Seen &, const Seen &) = default;
  };

  static std::vector<Seen> read(const std::string &text, std::size_t piece) {
    int ends[2];
    if (pipe(ends) != 0)
      abort();
    pid_t writer = fork();
    if (writer == 0) {
      for (std::size_t at = 0; at < text.size(); at += piece)
        if (write(ends[1], text.data() + at,
                  std::min(piece, text.size() - at)) < 0)
          _exit(1);
      _exit(0);
    }
    close(ends[1]);
    MapsReader reader(ReturnValue{ends[0]});
    std::vector<Seen> seen;
    while (auto mapping = *reader.next())
      seen.push_back(
          {mapping->range.begin(), std::string(mapping->name), mapping->seal});
    waitpid(writer, nullptr, 0);
    return seen;
  }
};

namespace {

TEST_F(MapsReaderTest, sees_the_same_whatever_pieces_the_text_comes_in) {
  std::string text;
  for (int i = 1; i < 9; ++i) {
    text += std::to_string(i) + "000-" + std::to_string(i + 1) +
            "000 r--p 00000000 00:00 0 /f" + std::to_string(i) + "\n";
    text +=
        "Rss:  4 kB\nVmFlags: rd " + std::string(i % 2 ? "sl" : "mr") + " \n";
  }
  auto whole = read(text, text.size());
  ASSERT_EQ(whole.size(), 8u);
  EXPECT_EQ(whole[0], (Seen{0x1000, "/f1", KernelSeal::present}));
  EXPECT_EQ(whole[7], (Seen{0x8000, "/f8", KernelSeal::absent}));
  for (std::size_t piece : {1, 2, 3, 7, 50})
    EXPECT_EQ(read(text, piece), whole) << piece;
}

TEST_F(MapsReaderTest, cuts_long_names_and_finds_the_next_mapping) {
  std::string end = "2000-3000 r--p 00000000 00:00 0 /next\nVmFlags: sl \n";
  for (std::size_t length : {4000, 4096, 8100, 8161, 8162, 8192, 20000}) {
    std::string name(length, 'x');
    auto seen = read(
        "1000-2000 r--p 00000000 00:00 0 " + name + "\nVmFlags: sl \n" + end,
        3000);
    ASSERT_EQ(seen.size(), 2u) << length;
    EXPECT_EQ(seen[0].name, name.substr(0, seen[0].name.size())) << length;
    EXPECT_GE(seen[0].name.size(), 4000u);
    EXPECT_EQ(seen[0].seal, KernelSeal::present) << length;
    EXPECT_EQ(seen[1], (Seen{0x2000, "/next", KernelSeal::present})) << length;
  }
}

TEST(MapsReader, finds_the_pages_this_process_maps) {
  auto mine = map_anonymous(page_size());
  ASSERT_TRUE(mine);
  for (ReadSeals seals : {ReadSeals::without, ReadSeals::with_seals}) {
    auto reader = MapsReader::of_process(getpid(), seals);
    int found = 0;
    while (auto mapping = *reader.next()) {
      if (!mapping->range.contains(*mine))
        continue;
      ++found;
      EXPECT_EQ(mapping->seal, seals == ReadSeals::without
                                   ? KernelSeal::unknown
                                   : KernelSeal::absent);
    }
    EXPECT_EQ(found, 1);
  }
  ASSERT_TRUE(unmap(*mine));
  auto reader = MapsReader::of_self(ReadSeals::without);
  while (auto mapping = *reader.next())
    EXPECT_FALSE(mapping->range.overlaps(*mine));
}

TEST(MapsReader, of_a_process_that_is_not_there_says_so) {
  pid_t gone = fork();
  if (gone == 0)
    _exit(0);
  waitpid(gone, nullptr, 0);
  auto reader = MapsReader::of_process(gone, ReadSeals::without);
  for (int twice = 0; twice < 2; ++twice) {
    auto mapping = reader.next();
    ASSERT_FALSE(mapping);
    EXPECT_EQ(mapping.error(), (Error{Errc::system, ENOENT}));
  }
}

}  // namespace
}  // namespace memseal::sys
