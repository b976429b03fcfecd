// SPDX-License-Identifier: Apache-2.0
// S-39: the number -1 is of a call that a tracer skipped, and of no x32 call.
#include "support/skipped_call.h"

#include "support/in_child.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(SkippedCall);

TEST_P(SkippedCall, ReturnsWhatItsTracerSays) {
  EXPECT_EQ(result_of_skipped_call([] { return 0; }), told_by_tracer);  // twin
  EXPECT_EQ(result_of_skipped_call([engine = GetParam()] {
              Area area = Area::create(Memory::anonymous_r);
              return seal_by(engine, area.at(1), page);
            }),
            told_by_tracer);
}

}  // namespace
}  // namespace memseal::test
