// SPDX-License-Identifier: Apache-2.0
#include "service/whole_system.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace memseal::service {
namespace {

TEST(WholeSystem, a_way_back_loads_no_module) {
  std::string text = way_back_text();
  EXPECT_TRUE(text.starts_with("# Made by memseal: "));
  EXPECT_NE(text.find("[Service]\nUnsetEnvironment=LD_AUDIT LD_PRELOAD "),
            std::string::npos);
  EXPECT_EQ(text.find("\nEnvironment="), std::string::npos);
}

TEST(WholeSystem, consoles_and_rescue_are_ways_back) {
  for (const char *unit : {"rescue.service", "emergency.service",
                           "getty@.service", "serial-getty@.service"})
    EXPECT_EQ(std::ranges::count(ways_back(), unit), 1) << unit;
}

TEST(WholeSystem, a_file_for_one_unit_hides_the_one_for_all) {
  // By having the same name: systemd.unit(5).
  std::string all = system_drop_in(), one = way_back_drop_in("a.service");
  EXPECT_EQ(all.substr(all.rfind('/')), one.substr(one.rfind('/')));
  EXPECT_EQ(one, "/etc/systemd/system/a.service.d/50-memseal.conf");
}

}  // namespace
}  // namespace memseal::service
