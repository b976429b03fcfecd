// SPDX-License-Identifier: Apache-2.0
#include "elf/dynamic.h"

#include <cstring>

#include "base/assert.h"

namespace memseal::elf {

DynamicSection::DynamicSection(Bytes bytes) : bytes_(bytes) {
  while (count_ < bytes_.size() / sizeof(Elf64_Dyn)) {
    if ((*this)[count_++].d_tag == DT_NULL) {
      --count_;
      break;
    }
  }
}

Elf64_Dyn DynamicSection::operator[](std::size_t i) const {
  Elf64_Dyn entry;
  MEMSEAL_ASSERT(i < bytes_.size() / sizeof entry);
  std::memcpy(&entry, bytes_.data() + i * sizeof entry, sizeof entry);
  return entry;
}

Elf64_Xword DynamicSection::value(Elf64_Sxword tag,
                                  Elf64_Xword otherwise) const {
  for (std::size_t i = 0; i < count_; ++i) {
    Elf64_Dyn entry = (*this)[i];
    if (entry.d_tag == tag)
      return entry.d_un.d_val;
  }
  return otherwise;
}

bool DynamicSection::has(Elf64_Sxword tag) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if ((*this)[i].d_tag == tag)
      return true;
  }
  return false;
}

bool DynamicSection::has_text_relocations() const {
  return has(DT_TEXTREL) || (value(DT_FLAGS) & DF_TEXTREL) != 0;
}

}  // namespace memseal::elf
