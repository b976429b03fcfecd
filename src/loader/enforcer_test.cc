// SPDX-License-Identifier: Apache-2.0
#include "loader/enforcer.h"

#include <gtest/gtest.h>

#include "sys/kernel_version.h"

namespace memseal::loader {
namespace {

using sys::MsealTrial;

EnforcerChoice choose(EngineChoice engine, MsealTrial mseal, bool keeper,
                      Violation violation = Violation::deny) {
  RunOptions options;
  options.engine = engine;
  options.violation = violation;
  return choose_enforcer(options, {.mseal = mseal, .keeper = keeper});
}

constexpr MsealTrial without[] = {MsealTrial::refused,
                                  MsealTrial::mseal_deadly};

TEST(Enforcer, where_mseal_cannot_be_called_a_keeper_takes_its_place) {
  for (MsealTrial mseal : without) {
    for (EngineChoice engine : {EngineChoice::automatic, EngineChoice::filter,
                                EngineChoice::strict}) {
      EnforcerChoice choice = choose(engine, mseal, true);
      EXPECT_EQ(choice.enforcer, Enforcer::keeper);
      EXPECT_EQ(choice.obstacle, Reason::none);
    }
    EnforcerChoice told =
        choose(EngineChoice::automatic, mseal, true, Violation::report);
    EXPECT_EQ(told.enforcer, Enforcer::keeper);
    EXPECT_EQ(told.obstacle, Reason::none);
  }
}

TEST(Enforcer, is_the_kernel_if_it_can_be_and_nobody_asks_for_more) {
  EXPECT_EQ(choose(EngineChoice::automatic, MsealTrial::works, true).enforcer,
            Enforcer::native);
  EXPECT_EQ(choose(EngineChoice::filter, MsealTrial::works, true).enforcer,
            Enforcer::keeper);
  EXPECT_EQ(choose(EngineChoice::strict, MsealTrial::works, true).enforcer,
            Enforcer::strict);
}

TEST(Enforcer, that_is_missing_is_told_by_its_true_reason) {
  const Reason refused =
      sys::kernel_is_at_least(6, 10) ? Reason::mseal_refused : Reason::no_mseal;
  for (EngineChoice engine : {EngineChoice::automatic, EngineChoice::native}) {
    EXPECT_EQ(choose(engine, MsealTrial::refused, false).obstacle, refused);
    EXPECT_EQ(choose(engine, MsealTrial::mseal_deadly, false).obstacle,
              Reason::seccomp);
  }
  EXPECT_EQ(choose(EngineChoice::filter, MsealTrial::works, false).obstacle,
            Reason::no_keeper);
  EXPECT_EQ(choose(EngineChoice::strict, MsealTrial::works, false).obstacle,
            Reason::no_keeper);
}

}  // namespace
}  // namespace memseal::loader
