// SPDX-License-Identifier: Apache-2.0
// memseal_self and memseal_object: a program that seals its own objects.
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "memseal/memseal.h"
#include "support/engines.h"
#include "support/in_child.h"
#include "sys/vvar.h"

namespace memseal::test {
namespace {

struct Shape {
  virtual ~Shape() = default;
  virtual int corners() const { return 0; }
};
struct Square : Shape {
  int corners() const override { return 4; }
};

const char constant[] = "a constant of this program";

void *page_of(const void *address) {
  return reinterpret_cast<void *>(reinterpret_cast<std::uintptr_t>(address) &
                                  ~std::uintptr_t{4095});
}
const void *vtable_of(const Shape &shape) {
  return *reinterpret_cast<const void *const *>(&shape);
}
template <typename Function>
const void *code_of(Function *function) {
  return reinterpret_cast<const void *>(function);
}

// The no-op, so that the control twin harms nothing.
int reprotect(const void *at, int prot) {
  return mprotect(page_of(at), 4096, prot);
}
bool refuses(const void *at, int prot) {
  errno = 0;
  return reprotect(at, prot) == -1 && errno == EPERM;
}

MEMSEAL_EVERY_ENGINE(Self);

TEST_P(Self, seals_code_constants_and_vtables_of_program_and_libraries) {
  in_child([flags = flag_of(GetParam())] {
    Square square;
    const void *code = code_of(&page_of), *vtable = vtable_of(square),
               *library = code_of(&std::printf);
    // Control: before, all of it can be reprotected.
    CHILD_ASSERT_EQ(reprotect(code, PROT_READ | PROT_EXEC), 0);
    CHILD_ASSERT_EQ(reprotect(library, PROT_READ | PROT_EXEC), 0);
    CHILD_ASSERT_EQ(reprotect(constant, PROT_READ), 0);
    CHILD_ASSERT_EQ(reprotect(vtable, PROT_READ), 0);
    CHILD_ASSERT_EQ(memseal_self(flags), 0);
    CHILD_ASSERT_TRUE(refuses(code, PROT_READ | PROT_EXEC));
    CHILD_ASSERT_TRUE(refuses(library, PROT_READ | PROT_EXEC));
    CHILD_ASSERT_TRUE(refuses(constant, PROT_READ));
    CHILD_ASSERT_TRUE(refuses(vtable, PROT_READ));
    const Shape &shape = square;
    CHILD_ASSERT_EQ(shape.corners(), 4);
  });
}

// S-22, S-23
TEST_P(Self, seals_the_pages_that_the_vdso_reads) {
  auto unmap_vvar = [] {
    Address vdso = getauxval(AT_SYSINFO_EHDR);
    auto vvar = sys::find_vvar(vdso, sys::VvarSearch::by_maps);
    errno = 0;
    return vvar && munmap(reinterpret_cast<void *>(vvar->begin()),
                          vvar->size()) == 0
               ? 0
               : errno;
  };
  EXPECT_EQ(in_child(unmap_vvar), 0);  // the control twin
  EXPECT_EQ(in_child([=, flags = flag_of(GetParam())] {
              return memseal_self(flags) == 0 ? unmap_vvar() : -1;
            }),
            EPERM);
}

TEST_P(Self, may_be_called_again) {
  in_child([flags = flag_of(GetParam())] {
    CHILD_ASSERT_EQ(memseal_self(flags), 0);
    CHILD_ASSERT_EQ(memseal_self(flags), 0);
  });
}

TEST_P(Self, leaves_data_and_heap_writable) {
  in_child([flags = flag_of(GetParam())] {
    static int data = 1;
    CHILD_ASSERT_EQ(memseal_self(flags), 0);
    data = 2;
    void *block = std::malloc(1 << 20);
    std::free(block);
    CHILD_ASSERT_EQ(data, 2);
  });
}

TEST_P(Self, one_object_can_be_sealed_alone) {
  in_child([flags = flag_of(GetParam())] {
    Square square;
    const void *vtable = vtable_of(square), *library = code_of(&std::printf);
    CHILD_ASSERT_EQ(memseal_object(vtable, flags), 0);
    CHILD_ASSERT_TRUE(refuses(vtable, PROT_READ));
    // Control: libc was not asked for.
    CHILD_ASSERT_EQ(reprotect(library, PROT_READ | PROT_EXEC), 0);
  });
}

TEST(SelfArguments, that_make_no_sense_are_refused) {
  errno = 0;
  EXPECT_EQ(memseal_self(1), -1);
  EXPECT_EQ(errno, EINVAL);
  int local = 0;
  EXPECT_EQ(memseal_object(&local, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(memseal_object(nullptr, 0), -1);
  EXPECT_EQ(errno, EINVAL);
}

}  // namespace
}  // namespace memseal::test
