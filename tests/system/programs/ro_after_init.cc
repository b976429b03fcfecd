// SPDX-License-Identifier: Apache-2.0
// Writes to variables in the section and beside it, before and after the seal,
// and prints which writes went through. -DLIBRARY: the other half, a
// translation unit or a shared library of its own with such variables too.
#include <memseal/ro_after_init.h>
#include <setjmp.h>
#include <signal.h>

#include <cstdio>
#include <cstring>

#ifdef LIBRARY

MEMSEAL_RO_AFTER_INIT static int sealed = 1;
static int plain = 1;
// Inline and of a template: what no section can promise.
#ifndef SHARED
inline memseal::ro_after_init_page<int> shared_inline{1};
#else  // hidden: the dynamic linker takes no other module's for it
[[gnu::visibility("hidden")]] inline memseal::ro_after_init_page<int>
    shared_inline{1};
#endif
template <typename T>
struct Pool {
  inline static memseal::ro_after_init_page<int> limit{1};
};
int &library_inline() {
  return shared_inline.edit();
}
int &library_template() {
  return Pool<char>::limit.edit();
}
int &library_sealed() {
  return sealed;
}
int &library_plain() {
  return plain;
}
int seal_library() {
  return memseal::seal_ro_after_init() ? 0 : 1;
}

#else

MEMSEAL_RO_AFTER_INIT int sealed = 1;
MEMSEAL_RO_AFTER_INIT char large[5000] = "x";
int plain = 1, zero;
inline memseal::ro_after_init_page<int> shared_inline{1};
int &library_inline();
int &library_template();
int &library_sealed();
int &library_plain();
int seal_library();

static sigjmp_buf after_fault;

static char written(volatile int &variable) {
  if (sigsetjmp(after_fault, 1) != 0)
    return '-';
  variable = variable + 1;
  return 'w';
}

static void show(const char *when) {
  std::printf("%s: in the section %c%c, pages %c%c, beside it %c%c%c\n", when,
              written(sealed), written(library_sealed()),
              written(library_inline()), written(library_template()),
              written(plain), written(zero), written(library_plain()));
}

int main(int argc, char **) {
  struct sigaction action = {};
  action.sa_handler = [](int) { siglongjmp(after_fault, 1); };
  sigaction(SIGSEGV, &action, nullptr);

  show("before");
  if (memseal::ro_after_init_is_sealed())
    return 1;
  auto done = memseal::seal_ro_after_init(sealed, large, shared_inline);
  if (!done || !memseal::ro_after_init_is_sealed() ||
      !memseal::ro_after_init_is_sealed(sealed, large, shared_inline) ||
      memseal::ro_after_init_is_sealed(plain)) {
    std::printf("not sealed: %s\n", done ? "" : done.error().sentence());
    return 2;
  }
  if (!memseal::seal_ro_after_init())  // twice is fine
    return 4;
  show("sealed");
  if (argc > 1) {
    if (seal_library() != 0 || seal_library() != 0)
      return 3;
    show("library too");
  }
}

#endif
