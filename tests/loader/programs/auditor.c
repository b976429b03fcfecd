/* SPDX-License-Identifier: Apache-2.0 */
/* An auditor with a C library of its own, in a namespace of its own. Says on
 * standard error what it saw of the program when that is about to begin, and
 * that its own heap and streams work. */
#include "portable.h"

#include <link.h>

static char *seen;
static int objects;

__attribute__((visibility("default"))) unsigned la_version(unsigned version) {
  seen = malloc(4096);
  strcpy(seen, "auditor:");
  return version;
}

__attribute__((visibility("default"))) unsigned la_objopen(struct link_map *map,
                                                           Lmid_t lmid,
                                                           uintptr_t *cookie) {
  (void)cookie;
  const char *name = strrchr(map->l_name, '/');
  if (lmid == LM_ID_BASE && objects < 20)
    strcat(strcat(seen, " "), name != NULL ? name + 1 : "-");
  ++objects;
  return 0;
}

__attribute__((visibility("default"))) void la_preinit(uintptr_t *cookie) {
  (void)cookie;
  fprintf(stderr, "%s\n", seen);
  free(seen);
}
