// SPDX-License-Identifier: Apache-2.0
#include "service/unit_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "launch/test_programs.h"

namespace memseal::service {
namespace {

using Strings = std::vector<std::string>;

TEST(ServiceName, gets_its_suffix_and_is_refused_if_it_is_of_another_kind) {
  EXPECT_EQ(service_name("nginx"), "nginx.service");
  EXPECT_EQ(service_name("nginx.service"), "nginx.service");
  EXPECT_EQ(service_name("getty@tty1"), "getty@tty1.service");
  EXPECT_EQ(service_name("a.b"), "a.b.service");
  for (const char *name :
       {"", "ssh.socket", "a.timer", "multi-user.target", "home.mount",
        "../nginx", "a/b", ".hidden", "a b", "a\nb", "a*"})
    EXPECT_EQ(service_name(name), std::nullopt) << name;
  EXPECT_EQ(service_name(std::string(201, 'a')), std::nullopt);
}

TEST(Words, are_unquoted_as_systemd_does_it) {
  EXPECT_EQ(words_of("  a\tb  c "), (Strings{"a", "b", "c"}));
  EXPECT_EQ(words_of(R"("A=x y" 'B=it "is"')"),
            (Strings{"A=x y", R"(B=it "is")"}));
  EXPECT_EQ(words_of(R"(a\ b "c\"d")"), (Strings{"a b", "c\"d"}));
  EXPECT_EQ(words_of(R"("" '')"), (Strings{"", ""}));
  EXPECT_EQ(words_of(R"(pre"mid"post)"), Strings{"premidpost"});
  EXPECT_EQ(words_of(""), Strings{});
  EXPECT_EQ(words_of("end\\"), Strings{"end\\"});
}

TEST(Words, that_were_quoted_for_systemd_are_read_back_the_same) {
  for (const char *word : {"", "plain", "two words", R"(a"b\c)", "tab\there"})
    EXPECT_EQ(words_of(quoted_word(word)), Strings{word}) << word;
  EXPECT_EQ(quoted_word("100%"), "\"100%%\"");  // no specifier
}

TEST(Command, its_program_stands_behind_the_signs) {
  EXPECT_EQ(program_of("/bin/x -v"), "/bin/x");
  EXPECT_EQ(program_of("-/bin/x"), "/bin/x");
  EXPECT_EQ(program_of("@!!+|:-/bin/x argv0"), "/bin/x");
  EXPECT_EQ(program_of("\"/opt/a b/x\" -v"), "/opt/a b/x");
  EXPECT_EQ(program_of(""), "");
  EXPECT_EQ(program_of("@-"), "");
}

class UnitTest : public testing::Test {
protected:
  void write(const std::string &file, const std::string &text) {
    folder_.write(file, text, 0644);
  }
  Unit read(const std::string &name = "x.service") {
    return read_unit(Root(folder_.path()), name, "50-memseal.conf");
  }
  launch::Folder folder_;
};

TEST_F(UnitTest, is_read_from_the_folder_that_comes_first) {
  EXPECT_EQ(read().file, "");
  write("lib/systemd/system/x.service", "[Service]\nExecStart=/bin/lib\n");
  EXPECT_EQ(read().commands, Strings{"/bin/lib"});
  write("usr/lib/systemd/system/x.service", "[Service]\nExecStart=/bin/usr\n");
  EXPECT_EQ(read().commands, Strings{"/bin/usr"});
  write("run/systemd/system/x.service", "[Service]\nExecStart=/bin/run\n");
  write("etc/systemd/system/x.service", "[Service]\nExecStart=/bin/etc\n");
  Unit unit = read();
  EXPECT_EQ(unit.commands, Strings{"/bin/etc"});
  EXPECT_EQ(unit.file, folder_.at("etc/systemd/system/x.service"));
  EXPECT_EQ(unit.name, "x.service");
}

TEST_F(UnitTest, that_is_a_link_to_nothing_is_masked) {
  std::filesystem::create_directories(folder_.at("etc/systemd/system"));
  std::filesystem::create_symlink("/dev/null",
                                  folder_.at("etc/systemd/system/x.service"));
  write("lib/systemd/system/x.service", "[Service]\nExecStart=/bin/lib\n");
  EXPECT_EQ(read().file, "/dev/null");
  EXPECT_EQ(read().commands, Strings{});
}

TEST_F(UnitTest, of_an_instance_may_be_its_template) {
  write("lib/systemd/system/x@.service", "[Service]\nExecStart=/bin/all\n");
  EXPECT_EQ(read("x@1.service").commands, Strings{"/bin/all"});
  write("lib/systemd/system/x@2.service", "[Service]\nExecStart=/bin/two\n");
  EXPECT_EQ(read("x@2.service").commands, Strings{"/bin/two"});
  EXPECT_EQ(read("y@1.service").file, "");
}

TEST_F(UnitTest, only_the_service_section_counts) {
  write("lib/systemd/system/x.service",
        "[Unit]\nExecStart=/bin/no\n[Service]\nExecStart = /bin/yes \n"
        "[Install]\nExecStart=/bin/no\n");
  EXPECT_EQ(read().commands, Strings{"/bin/yes"});
}

TEST_F(UnitTest, a_line_goes_on_behind_a_backslash_and_comments_are_no_part) {
  write("lib/systemd/system/x.service",
        "[Service]\nExecStart=/bin/x \\\n# a comment\n  --one \\\n; another\n"
        "  --two\n#ExecStart=/bin/no\n");
  EXPECT_EQ(read().commands.size(), 1u);
  EXPECT_EQ(words_of(read().commands[0]),
            (Strings{"/bin/x", "--one", "--two"}));
}

TEST_F(UnitTest, an_empty_value_forgets_what_came_before) {
  write("lib/systemd/system/x.service",
        "[Service]\nExecStart=/bin/a\nExecStart=\nExecStart=/bin/b\n"
        "Environment=A=1 \"B=two words\"\nEnvironment=C=3\n"
        "EnvironmentFile=-/etc/default/x\nEnvironmentFile=/etc/y\n"
        "SystemCallFilter=@system-service\n");
  Unit unit = read();
  EXPECT_EQ(unit.commands, Strings{"/bin/b"});
  EXPECT_EQ(unit.environment, (Strings{"A=1", "B=two words", "C=3"}));
  EXPECT_EQ(unit.environment_files, (Strings{"/etc/default/x", "/etc/y"}));
  EXPECT_TRUE(unit.has_allow_list());
  write("etc/systemd/system/x.service.d/10-none.conf",
        "[Service]\nEnvironment=\nEnvironmentFile=\nSystemCallFilter=\n");
  unit = read();
  EXPECT_EQ(unit.environment, Strings{});
  EXPECT_EQ(unit.environment_files, Strings{});
  EXPECT_FALSE(unit.has_allow_list());
}

TEST_F(UnitTest, a_list_of_what_is_forbidden_is_no_list_of_what_is_allowed) {
  write("lib/systemd/system/x.service",
        "[Service]\nSystemCallFilter=~@clock\n");
  EXPECT_FALSE(read().has_allow_list());
}

TEST_F(UnitTest, a_root_of_its_own_is_noticed) {
  for (const char *key : {"RootDirectory", "RootImage"}) {
    write("lib/systemd/system/x.service",
          std::string("[Service]\n") + key + "=/srv\n");
    EXPECT_TRUE(read().has_own_root) << key;
    write("lib/systemd/system/x.service",
          std::string("[Service]\n") + key + "=/srv\n" + key + "=\n");
    EXPECT_FALSE(read().has_own_root) << key;
  }
}

TEST_F(UnitTest, drop_ins_come_by_name_and_of_one_name_the_first_folders) {
  write("lib/systemd/system/x.service", "[Service]\nEnvironment=A=0\n");
  write("lib/systemd/system/x.service.d/20-b.conf",
        "[Service]\nEnvironment=B=lib\n");
  write("etc/systemd/system/x.service.d/20-b.conf",
        "[Service]\nEnvironment=B=etc\n");
  write("lib/systemd/system/x.service.d/10-a.conf",
        "[Service]\nEnvironment=A=1\n");
  write("etc/systemd/system/x.service.d/30-not.txt",
        "[Service]\nEnvironment=C=1\n");
  EXPECT_EQ(read().environment, (Strings{"A=0", "A=1", "B=etc"}));
}

TEST_F(UnitTest, our_own_drop_in_is_passed_over) {
  write("lib/systemd/system/x.service", "[Service]\nEnvironment=A=0\n");
  write("etc/systemd/system/x.service.d/50-memseal.conf",
        "[Service]\nEnvironment=LD_AUDIT=/x\n");
  EXPECT_EQ(read().environment, Strings{"A=0"});
}

TEST_F(UnitTest, drop_ins_of_the_template_hold_for_the_instance) {
  write("lib/systemd/system/x@.service", "[Service]\nEnvironment=A=0\n");
  write("lib/systemd/system/x@.service.d/10-t.conf",
        "[Service]\nEnvironment=T=1\n");
  write("lib/systemd/system/x@1.service.d/20-i.conf",
        "[Service]\nEnvironment=I=1\n");
  EXPECT_EQ(read("x@1.service").environment, (Strings{"A=0", "T=1", "I=1"}));
  EXPECT_EQ(read("x@2.service").environment, (Strings{"A=0", "T=1"}));
}

}  // namespace
}  // namespace memseal::service
