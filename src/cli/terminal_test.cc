// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace memseal::cli {
namespace {

TEST(HumanSize, has_one_decimal_below_ten_and_none_above) {
  struct {
    std::uint64_t bytes;
    const char *text;
  } const cases[] = {
      {0, "0 B"},
      {1023, "1023 B"},
      {1024, "1 KiB"},
      {1536, "1.5 KiB"},
      {10 * 1024, "10 KiB"},
      {10 * 1024 + 512, "10 KiB"},
      {1024 * 1024 - 1, "1.0 MiB"},  // not quite
      {std::uint64_t{3} << 30, "3 GiB"},
      {std::uint64_t{127} << 40, "127 TiB"},
      {~std::uint64_t{0}, "16 EiB"},
  };
  for (const auto &c : cases)
    EXPECT_EQ(human_size(c.bytes), c.text) << c.bytes;
}

TEST(Colour, is_what_was_asked_for_and_never_without_a_terminal) {
  std::FILE *file = std::tmpfile();
  EXPECT_EQ(colour_of(file, "always"), Colour::always);
  EXPECT_EQ(colour_of(file, "never"), Colour::never);
  EXPECT_EQ(colour_of(file, "auto"), Colour::never);
  std::fclose(file);
}

TEST(Colour, adds_nothing_to_a_text_without_it) {
  EXPECT_EQ(paint("x", Tone::bad, Colour::never), "x");
  EXPECT_EQ(paint("x", Tone::plain, Colour::always), "x");
  EXPECT_EQ(paint("x", Tone::bad, Colour::always), "\033[31mx\033[0m");
}

TEST(Columns, are_those_of_COLUMNS_if_they_are_enough) {
  std::FILE *file = std::tmpfile();
  setenv("COLUMNS", "100", 1);
  EXPECT_EQ(columns_of(file), 100);
  for (const char *odd : {"39", "wide", "-5", ""}) {
    setenv("COLUMNS", odd, 1);
    EXPECT_EQ(columns_of(file), 80) << odd;
  }
  unsetenv("COLUMNS");
  EXPECT_EQ(columns_of(file), 80);
  std::fclose(file);
}

TEST(Fitted, a_long_line_is_broken_below_the_text_behind_the_name) {
  std::string line = "  --option            " + std::string(50, 'a') +
                     " bb cc " + std::string(10, 'd') + " e";
  EXPECT_EQ(fitted(line), "  --option            " + std::string(50, 'a') +
                              " bb cc\n" + std::string(22, ' ') +
                              std::string(10, 'd') + " e");
}

TEST(Fitted, lines_that_fit_and_words_that_never_do_stay_as_they_are) {
  std::string just(80, 'x'), longer(100, 'x');
  EXPECT_EQ(fitted("a\n\n" + just + "\n"), "a\n\n" + just + "\n");
  EXPECT_EQ(fitted(longer), longer);
  EXPECT_EQ(fitted("  " + longer + " b"), "  " + longer + "\n  b");
}

TEST(Fitted, no_line_of_words_is_longer_than_80_columns) {
  std::string text = "      why:  ";
  for (int i = 0; i < 60; ++i)
    text += "word" + std::to_string(i) + ' ';
  std::string broken = fitted(text);
  for (std::size_t at = 0; at < broken.size();) {
    std::size_t end = std::min(broken.find('\n', at), broken.size());
    EXPECT_LE(end - at, 80u);
    at = end + 1;
  }
}

}  // namespace
}  // namespace memseal::cli
