/* SPDX-License-Identifier: Apache-2.0 */
/* An auditor that does nothing, without a C library: what auditing costs. */
#define _GNU_SOURCE
#include <link.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT unsigned la_version(unsigned version) {
  return version;
}
EXPORT unsigned la_objopen(struct link_map *map, Lmid_t lmid,
                           uintptr_t *cookie) {
  (void)map, (void)lmid, (void)cookie;
  return 0;
}
EXPORT unsigned la_objclose(uintptr_t *cookie) {
  (void)cookie;
  return 0;
}
EXPORT void la_activity(uintptr_t *cookie, unsigned flag) {
  (void)cookie, (void)flag;
}
