// SPDX-License-Identifier: Apache-2.0
#include "service/unit_name.h"

#include <gtest/gtest.h>

namespace memseal::service {
namespace {

TEST(UnitName, the_innermost_unit_is_the_processs) {
  EXPECT_EQ(unit_in("0::/system.slice/nginx.service\n"), "nginx.service");
  EXPECT_EQ(unit_in("0::/user.slice/user-1000.slice/user@1000.service/"
                    "app.slice/editor.service\n"),
            "editor.service");
  EXPECT_EQ(unit_in("0::/system.slice/postgresql@15-main.service/worker\n"),
            "postgresql@15-main.service");
  EXPECT_EQ(unit_in("12:pids:/system.slice/ssh.service\n0::/init.scope\n"),
            "init.scope");
}

TEST(UnitName, a_slice_or_no_group_is_no_unit) {
  EXPECT_EQ(unit_in("0::/system.slice\n"), "");
  EXPECT_EQ(unit_in("0::/\n"), "");
  EXPECT_EQ(unit_in(""), "");
  EXPECT_EQ(unit_in("0::/.service\n"), "");
}

TEST(UnitName, an_escaped_group_is_its_unit) {
  EXPECT_EQ(unit_in("0::/system.slice/_cpu.service\n"), "cpu.service");
  EXPECT_TRUE(is_in_unit("0::/system.slice/_cpu.service\n", "cpu.service"));
}

TEST(UnitName, only_a_whole_name_is_in_a_unit) {
  constexpr char text[] = "0::/system.slice/nginx.service/inner.scope\n";
  EXPECT_TRUE(is_in_unit(text, "nginx.service"));
  EXPECT_TRUE(is_in_unit(text, "system.slice"));
  EXPECT_FALSE(is_in_unit(text, "inx.service"));
  EXPECT_FALSE(is_in_unit(text, "nginx"));
  EXPECT_FALSE(is_in_unit(text, ""));
}

TEST(UnitName, what_differs_for_each_instance_is_a_star) {
  EXPECT_EQ(kind_of_unit("nginx.service"), "nginx.service");
  EXPECT_EQ(kind_of_unit("getty@tty1.service"), "getty@*.service");
  EXPECT_EQ(kind_of_unit("session-12.scope"), "session-*.scope");
  EXPECT_EQ(kind_of_unit("docker-0a1b2c.scope"), "docker-*.scope");
  EXPECT_EQ(kind_of_unit("anything.scope"), "*.scope");
  EXPECT_EQ(kind_of_unit("init.scope"), "init.scope");
  EXPECT_EQ(kind_of_unit(""), "");
}

}  // namespace
}  // namespace memseal::service
