// SPDX-License-Identifier: Apache-2.0
#include "launch/installation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "launch/test_programs.h"
#include "support/in_child.h"

namespace memseal::launch {
namespace {

namespace fs = std::filesystem;

class InstallationTest : public testing::Test {
protected:
  /// What lies where `find_installed` says, or the obstacle.
  std::string find(InstalledFile part, const std::string &started_as) {
    StartedAs name(started_as);
    if (auto found = find_installed(part, path_); !found)
      return std::string("! ") + sentence(found.error().obstacle);
    return fs::canonical(path_.c_str());
  }
  void install() {
    for (const char *name : {"audit", "preload", "provide"})
      folder_.write(std::string("usr/lib/memseal/libmemseal-") + name + ".so",
                    name);
    folder_.write("usr/libexec/memseal/memseal-tool", "tool");
    folder_.write("usr/bin/memseal", "launcher");
  }

  Folder folder_;
  PathText path_;
};

const std::string missing =
    std::string("! ") + sentence(Obstacle::module_missing);

TEST_F(InstallationTest, every_part_lies_beside_the_launcher_in_a_build) {
  folder_.write("memseal", "");
  std::string launcher = folder_.at("memseal");
  for (auto [part, name] :
       {std::pair{InstalledFile::tool, "memseal-tool"},
        {InstalledFile::audit_module, "libmemseal-audit.so"},
        {InstalledFile::preload_module, "libmemseal-preload.so"},
        {InstalledFile::provide_library, "libmemseal-provide.so"}}) {
    EXPECT_EQ(find(part, launcher), missing) << name;  // control
    folder_.write(name, "");
    EXPECT_EQ(find(part, launcher), folder_.at(name));
  }
}

TEST_F(InstallationTest, every_part_is_found_from_bin_and_from_libexec) {
  install();
  for (const char *who : {"usr/bin/memseal", "usr/libexec/memseal/x"}) {
    std::string name = folder_.at(who);
    EXPECT_EQ(find(InstalledFile::audit_module, name),
              folder_.at("usr/lib/memseal/libmemseal-audit.so"));
    EXPECT_EQ(find(InstalledFile::preload_module, name),
              folder_.at("usr/lib/memseal/libmemseal-preload.so"));
    EXPECT_EQ(find(InstalledFile::provide_library, name),
              folder_.at("usr/lib/memseal/libmemseal-provide.so"));
    EXPECT_EQ(find(InstalledFile::tool, name),
              folder_.at("usr/libexec/memseal/memseal-tool"));
  }
}

TEST_F(InstallationTest, a_part_beside_the_launcher_comes_before_another) {
  install();
  std::string beside = folder_.write("usr/bin/libmemseal-audit.so", "");
  EXPECT_EQ(find(InstalledFile::audit_module, folder_.at("usr/bin/memseal")),
            beside);
}

TEST_F(InstallationTest, a_part_that_may_not_be_read_is_not_there) {
  install();
  std::string launcher = folder_.at("usr/bin/memseal");
  chmod(folder_.path().c_str(), 0755);
  chmod(folder_.at("usr/lib/memseal/libmemseal-audit.so").c_str(), 0);
  test::in_child([&] {
    if (geteuid() == 0)
      CHILD_ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
    CHILD_ASSERT_EQ(find(InstalledFile::audit_module, launcher), missing);
    CHILD_ASSERT_NE(find(InstalledFile::preload_module, launcher),
                    missing);  // control
  });
}

// A link to the launcher in another folder: what lies beside the link is not
// there, so the executable itself is asked for.
TEST_F(InstallationTest, is_looked_for_beside_the_executable_itself_at_last) {
  std::string own = fs::canonical("/proc/self/exe").parent_path();
  std::string beside = own + "/libmemseal-provide.so";
  bool made = !fs::exists(beside);
  if (made)
    std::ofstream(beside) << "";
  EXPECT_EQ(find(InstalledFile::provide_library, folder_.at("nowhere/memseal")),
            beside);
  EXPECT_EQ(find(InstalledFile::provide_library, "memseal"), beside);
  if (made)
    fs::remove(beside);
}

TEST(WorkingDirectory, is_written_without_a_slash_at_its_end) {
  Folder folder;
  fs::path before = fs::current_path();
  fs::current_path(folder.path());
  PathText path;
  ASSERT_TRUE(append_working_directory(path));
  EXPECT_EQ(path.view(), folder.path());
  fs::current_path(before);
}

}  // namespace
}  // namespace memseal::launch
