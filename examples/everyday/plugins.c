/* SPDX-License-Identifier: Apache-2.0 */
/* A host that seals itself and its plugins once they are loaded: C99. Their
 * code, constants, vtables and GOTs stay what they are.
 *
 *   cc -std=c99 plugins.c $(pkg-config --cflags --libs memseal) -ldl -Wl,-z,now
 *   plugins NUMBER PLUGIN.so...      each has: long plugin_apply(long) */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <errno.h>
#include <memseal/memseal.h>
#include <memseal/memseal_ro_after_init.h>
#include <stdio.h>
#include <stdlib.h>

typedef long (*apply)(long);
MEMSEAL_RO_AFTER_INIT static apply plugins[16] = {0};

int main(int argc, char **argv) {
  if (argc < 3 || argc > 17) {
    fprintf(stderr, "usage: plugins NUMBER PLUGIN.so...\n");
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    void *library = dlopen(argv[i], RTLD_NOW);
    *(void **)&plugins[i - 2] = library ? dlsym(library, "plugin_apply") : NULL;
    if (plugins[i - 2] == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
  }
  if (memseal_seal_ro_after_init() != 0 || memseal_self(0) < 0) {
    fprintf(stderr, "not sealed: %s\n", memseal_sentence(errno));
    return 1;
  }
  for (int i = 0; plugins[i] != NULL; ++i)
    printf("%ld\n", plugins[i](atol(argv[1])));
  return 0;
}
