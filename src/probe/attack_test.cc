// SPDX-License-Identifier: Apache-2.0
// Which attacks are tried, and of which a seal promises that they are held.
#include "probe/attack.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace memseal::probe {
namespace {

using process::Segment;

Segment segment() {
  return {.range = *PageRange::create(0x10000, 0x1000, 0x1000),
          .protection = {},
          .sharing = Sharing::private_copy,
          .kind = process::SegmentKind::text,
          .filter = {}};
}

const Attack *find(const std::string &id) {
  for (const Attack &attack : attacks()) {
    if (id == attack.id)
      return &attack;
  }
  return nullptr;
}

bool promised(const std::string &id, const Segment &segment) {
  const Attack *attack = find(id);
  EXPECT_NE(attack, nullptr) << id;
  return attack != nullptr && is_promised(*attack, segment);
}

TEST(Attacks, each_has_a_name_of_its_own_a_call_and_a_rule) {
  std::set<std::string> ids, calls;
  for (const Attack &attack : attacks()) {
    EXPECT_TRUE(ids.insert(attack.id).second) << attack.id;
    EXPECT_TRUE(calls.insert(attack.call).second) << attack.call;
    EXPECT_TRUE(std::string(attack.rule).starts_with("S-")) << attack.id;
    EXPECT_NE(attack.attempt, nullptr) << attack.id;
  }
}

// docs/semantics.md, section 4: what no seal forbids is open, and said to be.
TEST(Attacks, of_each_type_some_are_tried_and_some_that_no_type_forbids) {
  SealTypes all;
  std::set<std::string> without;
  for (const Attack &attack : attacks()) {
    all = all | attack.type;
    if (attack.type.empty())
      without.insert(attack.rule);
  }
  EXPECT_EQ(all | seal_type::seal, seal_type::all);
  EXPECT_EQ(without,
            (std::set<std::string>{"S-33", "S-36", "S-38", "S-43", "S-44",
                                   "S-46", "S-47", "S-48", "S-82"}));
}

TEST(Promise, is_nothing_on_unsealed_memory) {
  for (const Attack &attack : attacks())
    EXPECT_FALSE(is_promised(attack, segment())) << attack.id;
}

TEST(Promise, of_a_filter_is_what_its_types_forbid) {
  for (const Attack &attack : attacks()) {
    Segment sealed = segment();
    sealed.filter = seal_type::all;
    EXPECT_EQ(is_promised(attack, sealed), !attack.type.empty()) << attack.id;
    sealed.filter = seal_type::mprotect | seal_type::munmap;
    bool forbidden = !attack.type.empty() && sealed.filter.has(attack.type);
    EXPECT_EQ(is_promised(attack, sealed), forbidden) << attack.id;
  }
}

TEST(Promise, of_a_keeper_is_all_that_a_seal_forbids) {
  Segment kept = segment();
  kept.kept = true;
  for (const Attack &attack : attacks())
    EXPECT_EQ(is_promised(attack, kept), !attack.type.empty()) << attack.id;
}

// S-63: emptying is refused on private anonymous memory only.
TEST(Promise, of_the_kernels_seal_does_not_cover_emptying) {
  Segment native = segment();
  native.native = true;
  for (const char *id : {"protect-write", "unmap", "map-over", "remap-away",
                         "remap-onto", "shm-over", "compat-unmap"})
    EXPECT_TRUE(promised(id, native)) << id;
  for (const char *id : {"discard", "free", "remove", "guard",
                         "keep-from-child", "discard-by-pidfd"})
    EXPECT_FALSE(promised(id, native)) << id;
  for (const char *id : {"write-own-memory", "write-backing-file",
                         "take-over-faults", "discard-by-ring"})
    EXPECT_FALSE(promised(id, native)) << id;
  // RELRO that memseal run has put into anonymous memory.
  Segment relro = native;
  relro.anonymous = true;
  for (const char *id : {"discard", "free", "remove", "guard",
                         "keep-from-child", "discard-by-pidfd"})
    EXPECT_TRUE(promised(id, relro)) << id;
  for (const char *id : {"unguard", "poison"})
    EXPECT_FALSE(promised(id, relro)) << id;
  relro.protection = {Protection::read | Protection::write};
  EXPECT_FALSE(promised("discard", relro));
  relro.native = false;
  EXPECT_FALSE(promised("discard", relro));
  // Strict: what one does not promise the other does.
  native.filter = seal_type::all;
  EXPECT_TRUE(promised("discard", native));
}

TEST(Untried, each_says_why) {
  EXPECT_FALSE(untried().empty());
  for (const Untried &left : untried()) {
    EXPECT_NE(std::string(left.why), "");
    EXPECT_NE(std::string(left.vector).find("S-"), std::string::npos)
        << left.vector;
  }
}

}  // namespace
}  // namespace memseal::probe
