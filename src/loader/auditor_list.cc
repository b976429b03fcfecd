// SPDX-License-Identifier: Apache-2.0
#include "loader/auditor_list.h"

#include "base/assert.h"

namespace memseal::loader {
namespace {

// The list is the last or nearly the last variable there. Behind it is less
// than this in every release so far.
constexpr std::size_t words_searched = 64;

/// Whether a word may be a pointer to memory of user space.
bool may_point(std::uintptr_t word) {
  return word % alignof(Auditor) == 0 && word >= 0x10000 && word < 1UL << 48;
}

bool holds(const AuditorList &list, const void *own_activity) {
  if (list.count == 0 || list.count > most_auditors)
    return false;
  bool ours = false;
  const Auditor *auditor = list.first;
  for (std::uint32_t i = 0; i < list.count; ++i) {
    if (!may_point(reinterpret_cast<std::uintptr_t>(auditor)))
      return false;
    ours = ours || auditor->hooks[0] == own_activity;
    auditor = auditor->next;
  }
  return ours && auditor == nullptr;
}

}  // namespace

AuditorList *find_auditor_list(std::span<std::uintptr_t> variables,
                               const void *own_activity) {
  for (std::size_t back = 2; back <= variables.size() && back <= words_searched;
       ++back) {
    auto *list =
        reinterpret_cast<AuditorList *>(&variables[variables.size() - back]);
    if (holds(*list, own_activity))
      return list;
  }
  return nullptr;
}

void move_auditors(AuditorList &list, SealedAuditors &to) {
  MEMSEAL_ASSERT(list.count <= most_auditors);
  const Auditor *from = list.first;
  for (std::uint32_t i = 0; i < list.count; ++i) {
    MEMSEAL_ASSERT(from != nullptr);
    to[i] = *from;
    from = from->next;
    if (from != nullptr)
      to[i].next = &to[i + 1];
  }
  list.first = to.data();
}

}  // namespace memseal::loader
