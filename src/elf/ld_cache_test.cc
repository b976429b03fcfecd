// SPDX-License-Identifier: Apache-2.0
#include "elf/ld_cache.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace memseal::elf {
namespace {

#if defined(__x86_64__)
constexpr std::int32_t our_flags = 0x0303;
#elif defined(__aarch64__)
constexpr std::int32_t our_flags = 0x0a03;
#endif

struct Library {
  std::string name, path;
  std::int32_t flags = our_flags;
};

/// A cache as ldconfig writes it; `libraries` by descending name.
class Cache {
public:
  explicit Cache(const std::vector<Library> &libraries) {
    std::string strings;
    std::size_t first = 48 + libraries.size() * 24;
    std::string entries;
    for (const Library &library : libraries) {
      auto key = static_cast<std::uint32_t>(first + strings.size());
      strings += library.name + '\0';
      auto value = static_cast<std::uint32_t>(first + strings.size());
      strings += library.path + '\0';
      put(entries, library.flags);
      put(entries, key);
      put(entries, value);
      put(entries, std::uint32_t{0});
      put(entries, std::uint64_t{0});
    }
    bytes = "glibc-ld.so.cache1.1";
    put(bytes, static_cast<std::uint32_t>(libraries.size()));
    put(bytes, static_cast<std::uint32_t>(strings.size()));
    bytes.resize(48);
    bytes += entries + strings;
  }

  Refusable<LibraryCache, Flaw> parse() const {
    return LibraryCache::create(std::as_bytes(std::span(bytes)));
  }
  std::string find(std::string_view name) const {
    return std::string(parse().value().find(name));
  }

  std::string bytes;

private:
  template <typename T>
  static void put(std::string &out, T value) {
    out.append(reinterpret_cast<const char *>(&value), sizeof value);
  }
};

const std::vector<Library> some = {{"libz.so.1", "/lib/libz.so.1"},
                                   {"libm.so.6", "/lib32/libm.so.6", 3},
                                   {"libm.so.6", "/lib/libm.so.6"},
                                   {"libc.so.10", "/lib/libc.so.10"},
                                   {"libc.so.6", "/lib/libc.so.6"}};

TEST(LibraryCache, finds_every_library_by_its_name) {
  Cache cache(some);
  EXPECT_EQ(cache.find("libz.so.1"), "/lib/libz.so.1");
  EXPECT_EQ(cache.find("libc.so.6"), "/lib/libc.so.6");
  EXPECT_EQ(cache.find("libc.so.10"), "/lib/libc.so.10");
}

TEST(LibraryCache, passes_over_libraries_of_other_machines) {
  EXPECT_EQ(Cache(some).find("libm.so.6"), "/lib/libm.so.6");
  EXPECT_EQ(Cache(std::vector<Library>{some[1]}).find("libm.so.6"), "");
}

TEST(LibraryCache, finds_nothing_that_is_not_there) {
  EXPECT_EQ(Cache(some).find("libc.so"), "");
  EXPECT_EQ(Cache(some).find(""), "");
  EXPECT_EQ(Cache(some).find("zzz"), "");
  EXPECT_EQ(Cache(std::vector<Library>{}).find("libc.so.6"), "");
}

TEST(LibraryCache, names_compare_with_runs_of_digits_as_numbers) {
  EXPECT_GT(compare_library_names("libc.so.10", "libc.so.6"), 0);
  EXPECT_LT(compare_library_names("libc.so.6", "libc.so.10"), 0);
  EXPECT_EQ(compare_library_names("liba.so.1", "liba.so.1"), 0);
  EXPECT_LT(compare_library_names("liba", "liba.so"), 0);
  EXPECT_GT(compare_library_names("liba.so", "liba"), 0);
  EXPECT_GT(compare_library_names("lib1", "libx"), 0);  // digits sort last
  EXPECT_LT(compare_library_names("libx", "lib1"), 0);
}

TEST(LibraryCache, follows_the_older_format_in_one_file) {
  Cache cache(some);
  std::string old = "ld.so-1.7.0";
  old.resize(16 + 12);  // one entry, all zero, but for the count
  std::uint32_t one = 1;
  std::memcpy(old.data() + 12, &one, sizeof one);
  old.resize(32);
  cache.bytes = old + cache.bytes;
  EXPECT_EQ(cache.find("libc.so.6"), "/lib/libc.so.6");
}

TEST(LibraryCache, ignores_extensions_after_the_strings) {
  Cache cache(some);
  cache.bytes += "glibc 2.33 puts its own name here";
  EXPECT_EQ(cache.find("libc.so.6"), "/lib/libc.so.6");
}

TEST(LibraryCache, lies_are_refused) {
  EXPECT_TRUE(Cache(some).parse().has_value());  // control
  Cache other(some);
  other.bytes[0] = 'G';
  EXPECT_EQ(other.parse().error(), Flaw::bad_header);

  Cache counted(some);
  counted.bytes[23] = '\x7f';  // two thousand million entries
  EXPECT_EQ(counted.parse().error(), Flaw::bad_header);

  Cache cut(some);
  cut.bytes.pop_back();
  EXPECT_EQ(cut.parse().error(), Flaw::strings_outside);

  Cache unterminated(some);
  unterminated.bytes.back() = 'x';
  EXPECT_EQ(unterminated.parse().error(), Flaw::strings_outside);
}

TEST(LibraryCache, an_offset_outside_the_file_names_nothing) {
  Cache cache(std::vector<Library>{{"liba.so", "/a"}});
  cache.bytes[48 + 11] = '\x7f';  // the value
  EXPECT_EQ(cache.find("liba.so"), "");
  cache.bytes[48 + 7] = '\x7f';  // the key
  EXPECT_EQ(cache.find("liba.so"), "");
}

TEST(LibraryCache, every_cut_of_a_good_cache_is_refused_or_harmless) {
  Cache whole(some);
  for (std::size_t size = 0; size < whole.bytes.size(); ++size) {
    Cache cut(some);
    cut.bytes.resize(size);
    EXPECT_FALSE(cut.parse().has_value()) << size;
  }
}

}  // namespace
}  // namespace memseal::elf
