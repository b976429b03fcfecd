// SPDX-License-Identifier: Apache-2.0
// S-20 to S-26: each type forbids its own acts and leaves the others alone.
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "memseal/memseal.h"
#include "support/trial.h"

namespace memseal::test {
namespace {

MEMSEAL_EVERY_ENGINE(Types);
MEMSEAL_NATIVE_ENGINE(NativeTypes);
MEMSEAL_FILTERING_ENGINES(FilteredTypes);

struct NamedAct {
  const char *name;
  unsigned owner;  ///< the type that forbids it
  Act act;
};

/// Every act is one that succeeds on the twin.
const NamedAct *every_act(std::size_t &count) {
  static const NamedAct acts[] = {
      {"mprotect", MEMSEAL_MPROTECT,
       [](const Area &a) { return mprotect(a.at(1), page, PROT_READ); }},
      {"mprotect from before", MEMSEAL_MPROTECT,
       [](const Area &a) { return mprotect(a.at(0), 2 * page, PROT_READ); }},
      {"munmap", MEMSEAL_MUNMAP,
       [](const Area &a) { return munmap(a.at(1), page); }},
      {"munmap of all", MEMSEAL_MUNMAP,
       [](const Area &a) { return munmap(a.at(0), 8 * page); }},
      {"mmap", MEMSEAL_MMAP,
       [](const Area &a) {
         return mmap(a.at(1), page, PROT_READ,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                     0) == MAP_FAILED
                    ? -1
                    : 0;
       }},
      {"mremap away", MEMSEAL_MREMAP,
       [](const Area &a) {
         return mremap(a.at(1), page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
                       a.at(6)) == MAP_FAILED
                    ? -1
                    : 0;
       }},
      {"mremap onto", MEMSEAL_MREMAP,
       [](const Area &a) {
         return mremap(a.at(3), page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
                       a.at(1)) == MAP_FAILED
                    ? -1
                    : 0;
       }},
      {"madvise", MEMSEAL_DISCARD,
       [](const Area &a) { return madvise(a.at(1), page, MADV_DONTNEED); }},
  };
  count = std::size(acts);
  return acts;
}

TEST_P(FilteredTypes, ForbidTheirOwnActsAndNoOther) {
  std::size_t count;
  const NamedAct *acts = every_act(count);
  for (unsigned type :
       {MEMSEAL_SEAL, MEMSEAL_MPROTECT, MEMSEAL_MUNMAP, MEMSEAL_MMAP,
        MEMSEAL_MREMAP, MEMSEAL_DISCARD, MEMSEAL_MAPPING})
    for (std::size_t i = 0; i < count; ++i) {
      SCOPED_TRACE(std::string(acts[i].name) + " under type " +
                   std::to_string(type));
      Scene scene{GetParam()};
      scene.types = type;
      Trial trial = attempt(scene, acts[i].act);
      EXPECT_TRUE((type & acts[i].owner) != 0 ? refused(trial, EPERM)
                                              : allowed(trial));
    }
}

TEST_P(Types, AllTogetherForbidEveryAct) {
  std::size_t count;
  const NamedAct *acts = every_act(count);
  for (std::size_t i = 0; i < count; ++i) {
    SCOPED_TRACE(acts[i].name);
    Scene scene{GetParam()};
    Trial trial = attempt(scene, acts[i].act);
    ASSERT_TRUE(completed(trial));
    // S-62, S-63: what native leaves has its own tests.
    if (filtered()) {
      EXPECT_TRUE(refused(trial, EPERM));
    } else if (acts[i].owner != MEMSEAL_DISCARD) {
      EXPECT_EQ(trial.error, EPERM);
    }
  }
}

TEST_P(NativeTypes, LessThanAllIsNotSupportedByMsealAndSealsNothing) {  // S-61
  for (unsigned types : {MEMSEAL_MAPPING, MEMSEAL_MPROTECT, 0x3eu}) {
    Scene scene{GetParam()};
    scene.types = types;
    Trial trial =
        attempt(scene, [](const Area &a) { return munmap(a.at(1), page); });
    EXPECT_EQ(trial.died, 0);
    EXPECT_EQ(trial.seal_error, EOPNOTSUPP);
    EXPECT_EQ(trial.answer, 0);
  }
}

}  // namespace
}  // namespace memseal::test
