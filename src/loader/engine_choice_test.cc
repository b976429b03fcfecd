// SPDX-License-Identifier: Apache-2.0
#include "loader/engine_choice.h"

#include <gtest/gtest.h>

#include "sys/kernel_version.h"

namespace memseal::loader {
namespace {

using sys::MsealTrial;

EngineChoice choose(Engine wanted, MsealTrial mseal, bool keeper,
                    OnViolation on_violation = OnViolation::deny) {
  RunOptions options;
  options.engine = wanted;
  options.on_violation = on_violation;
  return choose_engine(options, {.mseal = mseal, .keeper = keeper});
}

constexpr MsealTrial without[] = {MsealTrial::refused,
                                  MsealTrial::mseal_deadly};

TEST(EngineChoice, where_mseal_cannot_be_called_a_keeper_takes_its_place) {
  for (MsealTrial mseal : without) {
    for (Engine engine : {Engine::automatic, Engine::keeper, strict_tree}) {
      EngineChoice choice = choose(engine, mseal, true);
      EXPECT_EQ(choice.engine, Engine::keeper);
      EXPECT_EQ(choice.obstacle, Reason::none);
    }
    EngineChoice told =
        choose(Engine::automatic, mseal, true, OnViolation::report);
    EXPECT_EQ(told.engine, Engine::keeper);
    EXPECT_EQ(told.obstacle, Reason::none);
  }
}

TEST(EngineChoice, is_the_kernel_if_it_can_be_and_nobody_asks_for_more) {
  EXPECT_EQ(choose(Engine::automatic, MsealTrial::works, true).engine,
            Engine::native);
  EXPECT_EQ(choose(Engine::keeper, MsealTrial::works, true).engine,
            Engine::keeper);
  EXPECT_EQ(choose(strict_tree, MsealTrial::works, true).engine, strict_tree);
}

TEST(EngineChoice, that_is_missing_is_told_by_its_true_reason) {
  const Reason refused =
      sys::kernel_is_at_least(6, 10) ? Reason::mseal_refused : Reason::no_mseal;
  for (Engine engine : {Engine::automatic, Engine::native}) {
    EXPECT_EQ(choose(engine, MsealTrial::refused, false).obstacle, refused);
    EXPECT_EQ(choose(engine, MsealTrial::mseal_deadly, false).obstacle,
              Reason::seccomp);
  }
  EXPECT_EQ(choose(Engine::keeper, MsealTrial::works, false).obstacle,
            Reason::no_keeper);
  EXPECT_EQ(choose(strict_tree, MsealTrial::works, false).obstacle,
            Reason::no_keeper);
}

}  // namespace
}  // namespace memseal::loader
