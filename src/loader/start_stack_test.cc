// SPDX-License-Identifier: Apache-2.0
#include "loader/start_stack.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "loader/test_object.h"
#include "sys/auxiliary_vector.h"

namespace memseal::loader {
namespace {

/// An environment on a stack: strings that may be written to, a vector that
/// ends with a null pointer.
class Environment {
public:
  explicit Environment(std::vector<std::string> strings)
      : strings_(std::move(strings)) {
    for (std::string &string : strings_)
      vector_.push_back(string.data());
    vector_.push_back(nullptr);
  }
  char **vector() { return vector_.data(); }
  std::vector<std::string> now() const {
    std::vector<std::string> left;
    for (char *const *at = vector_.data(); *at != nullptr; ++at)
      left.emplace_back(*at);
    return left;
  }

private:
  std::vector<std::string> strings_;
  std::vector<char *> vector_;
};

using Strings = std::vector<std::string>;

/// What is left. `module` is where one of the modules lies, if that is known.
Strings forgotten(Strings strings, const std::string &module = "") {
  Environment environment(std::move(strings));
  forget_memseal(environment.vector(), module);
  return environment.now();
}

TEST(StartStack, a_variable_is_found_by_its_whole_name) {
  Environment environment({"PATHS=1", "PATH=2", "PATH=3", "EMPTY="});
  EXPECT_EQ(variable(environment.vector(), "PATH"), "2");
  EXPECT_EQ(variable(environment.vector(), "EMPTY"), "");
  EXPECT_EQ(variable(environment.vector(), "PAT"), std::nullopt);
  EXPECT_EQ(variable(nullptr, "PATH"), std::nullopt);
}

TEST(Forgetting, takes_memseals_own_variables_away_and_no_others) {
  EXPECT_EQ(forgotten({"A=1", "MEMSEAL_OPTIONS=engine=native",
                       "LD_AUDIT=/lib/libmemseal-audit.so", "B=2"}),
            (Strings{"A=1", "B=2"}));
  EXPECT_EQ(forgotten({"LD_PRELOAD=/x/libmemseal-preload.so"}), Strings{});
  EXPECT_EQ(forgotten({"MEMSEAL_OPTIONS_OF_MINE=1", "LD_LIBRARY_PATH=/x"}),
            (Strings{"MEMSEAL_OPTIONS_OF_MINE=1", "LD_LIBRARY_PATH=/x"}));
}

TEST(Forgetting, leaves_the_other_modules_of_a_list_in_their_order) {
  EXPECT_EQ(forgotten({"LD_AUDIT=/a.so:/lib/libmemseal-audit.so:/b.so"}),
            Strings{"LD_AUDIT=/a.so:/b.so"});
  EXPECT_EQ(forgotten({"LD_AUDIT=/lib/libmemseal-audit.so:/b.so"}),
            Strings{"LD_AUDIT=/b.so"});
  EXPECT_EQ(forgotten({"LD_AUDIT=/a.so:/lib/libmemseal-audit.so"}),
            Strings{"LD_AUDIT=/a.so"});
  EXPECT_EQ(forgotten({"LD_PRELOAD=/m/libmemseal-preload.so /a.so:/b.so"}),
            Strings{"LD_PRELOAD=/a.so:/b.so"});
  EXPECT_EQ(forgotten({"LD_PRELOAD=/a.so /b.so"}),
            Strings{"LD_PRELOAD=/a.so /b.so"});
}

TEST(Forgetting, knows_the_module_by_its_whole_file_name) {
  const Strings other = {"LD_AUDIT=/lib/libmemseal-audit.so.bak",
                         "LD_PRELOAD=/lib/notlibmemseal-preload.so"};
  EXPECT_EQ(forgotten(other), other);
}

TEST(Forgetting, knows_the_modules_by_their_files_where_they_are_known) {
  namespace fs = std::filesystem;
  fs::path folder = fs::temp_directory_path() /
                    ("memseal-forgetting-" + std::to_string(getpid()));
  fs::create_directories(folder / "other");
  for (const char *file : {"libmemseal-audit.so", "libmemseal-preload.so",
                           "other/libmemseal-audit.so"})
    std::ofstream(folder / file) << file;
  fs::create_symlink("libmemseal-audit.so", folder / "link.so");
  std::string f = folder.string(), module = f + "/libmemseal-preload.so";
  EXPECT_EQ(forgotten({"LD_AUDIT=" + f + "/other/../libmemseal-audit.so:" + f +
                       "/link.so:" + f + "/other/libmemseal-audit.so"},
                      module),
            Strings{"LD_AUDIT=" + f + "/other/libmemseal-audit.so"});
  EXPECT_EQ(forgotten({"LD_PRELOAD=" + module}, module), Strings{});
  fs::remove_all(folder);
}

TEST(Forgetting, leaves_an_empty_list_that_somebody_set) {
  EXPECT_EQ(forgotten({"LD_PRELOAD="}), Strings{"LD_PRELOAD="});
}

// The launcher appends its own: another one is the user's.
TEST(Forgetting, takes_the_last_tunable_if_it_is_the_launchers) {
  EXPECT_EQ(forgotten({"GLIBC_TUNABLES=a=1:glibc.rtld.optional_static_tls=9"}),
            Strings{"GLIBC_TUNABLES=a=1"});
  EXPECT_EQ(forgotten({"GLIBC_TUNABLES=glibc.rtld.optional_static_tls=9"}),
            Strings{});
  EXPECT_EQ(forgotten({"GLIBC_TUNABLES=glibc.rtld.optional_static_tls=9:a=1"}),
            Strings{"GLIBC_TUNABLES=glibc.rtld.optional_static_tls=9:a=1"});
}

TEST(UnfilteredClaim, is_believed_of_this_process_only_and_always_taken_out) {
  struct {
    std::string value;
    bool believed;
  } const cases[] = {{std::to_string(getpid()), true},
                     {std::to_string(getppid()), false},
                     {std::to_string(getpid()) + "x", false},
                     {"", false},
                     {"-1", false}};
  for (const auto &c : cases) {
    Environment environment({"A=1", "MEMSEAL_UNFILTERED=" + c.value, "B=2"});
    EXPECT_EQ(take_unfiltered_claim(environment.vector()), c.believed)
        << c.value;
    EXPECT_EQ(environment.now(), (Strings{"A=1", "B=2"})) << c.value;
  }
}

TEST(UnfilteredClaim, that_is_not_made_is_none) {
  Environment environment({"A=1"});
  EXPECT_FALSE(take_unfiltered_claim(environment.vector()));
  EXPECT_EQ(environment.now(), Strings{"A=1"});
  EXPECT_FALSE(take_unfiltered_claim(nullptr));
}

/// The stack as the kernel leaves it, and ld.so's pointer to it.
class Stack {
public:
  Stack()
      : words_{2,
               word("prog"),
               word("argument"),
               0,
               word("A=1"),
               word("B=2"),
               0,
               AT_PAGESZ,
               16384,
               AT_NULL,
               0},
        begin_(words_) {}
  unsigned long *const *pointer() const { return &begin_; }
  char **environment() { return reinterpret_cast<char **>(&words_[4]); }
  void forget() { begin_ = nullptr; }

private:
  static unsigned long word(const char *text) {
    return reinterpret_cast<unsigned long>(text);
  }
  unsigned long words_[11];
  unsigned long *begin_;
};

TEST(StartStack, is_found_through_the_object_that_exports_its_end) {
  Stack stack;
  TestObject loader({"__libc_stack_end"}), program({"main"});
  loader.put_first_at(stack.pointer());
  LinkMap &first = program.map(), &last = loader.map();
  first.l_next = &last, last.l_prev = &first;
  EXPECT_EQ(find_environment(&first), stack.environment());
  EXPECT_EQ(sys::auxiliary_value(AT_PAGESZ),
            16384u);  // the vector behind it is known, too
  sys::set_auxiliary_vector(nullptr);
}

TEST(StartStack, that_nobody_points_to_is_not_found) {
  TestObject program({"main"});
  EXPECT_EQ(find_environment(&program.map()), nullptr);
  Stack stack;
  TestObject loader({"__libc_stack_end"});
  loader.put_first_at(stack.pointer());
  ASSERT_NE(find_environment(&loader.map()), nullptr);  // control
  sys::set_auxiliary_vector(nullptr);
  stack.forget();
  EXPECT_EQ(find_environment(&loader.map()), nullptr);
}

}  // namespace
}  // namespace memseal::loader
