// SPDX-License-Identifier: Apache-2.0
#include "provide/setting.h"

#include <gtest/gtest.h>

#include "support/in_child.h"

namespace memseal::provide {
namespace {

TEST(Setting, of_the_environment_counts_unless_privileges_were_gained) {
  test::in_child([] {
    setenv("MEMSEAL_KEEPER", "/x", 1);
    static const unsigned long plain[] = {AT_SECURE, 0, AT_NULL, 0};
    static const unsigned long raised[] = {AT_SECURE, 1, AT_NULL, 0};
    sys::set_auxiliary_vector(plain);
    CHILD_ASSERT_EQ(std::string(setting("MEMSEAL_KEEPER")), "/x");
    sys::set_auxiliary_vector(raised);
    CHILD_ASSERT_EQ(setting("MEMSEAL_KEEPER") == nullptr, true);
  });
}

}  // namespace
}  // namespace memseal::provide
