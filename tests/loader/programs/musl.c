/* SPDX-License-Identifier: Apache-2.0 */
/* What the constructor of a needed library could do, then what one that is
 * opened could, and what it can do afterwards. */
#include "portable.h"

struct outcome {
  int text, relro, libc, constructed;
};
extern struct outcome witness;

int main(int argc, char **argv) {
  printf("constructor text=%d relro=%d libc=%d constructed=%d\n", witness.text,
         witness.relro, witness.libc, witness.constructed);
  void *handle = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  struct outcome *late = handle != NULL ? dlsym(handle, "late") : NULL;
  if (late == NULL)
    return 1;
  printf("late constructor text=%d relro=%d libc=%d\n", late->text, late->relro,
         late->libc);
  struct outcome (*again)(void) = dlsym(handle, "attack_now");
  struct outcome now = again();
  printf("late now text=%d relro=%d\n", now.text, now.relro);
  return 0;
}
