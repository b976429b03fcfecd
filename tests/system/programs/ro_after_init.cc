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
  std::printf("%s: in the section %c%c, beside it %c%c%c\n", when,
              written(sealed), written(library_sealed()), written(plain),
              written(zero), written(library_plain()));
}

int main(int argc, char **) {
  struct sigaction action = {};
  action.sa_handler = [](int) { siglongjmp(after_fault, 1); };
  sigaction(SIGSEGV, &action, nullptr);

  show("before");
  if (memseal::ro_after_init_is_sealed())
    return 1;
  auto done = memseal::seal_ro_after_init();
  if (!done || !memseal::ro_after_init_is_sealed()) {
    std::printf("not sealed: %s\n", std::strerror(done ? 0 : done.error()));
    return 2;
  }
  show("sealed");
  if (argc > 1) {
    if (seal_library() != 0)
      return 3;
    show("library too");
  }
}

#endif
