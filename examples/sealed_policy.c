/* SPDX-License-Identifier: Apache-2.0 */
/* A C99 program with sealed data: an access policy, read from a file at
 * start-up, that nothing can change afterwards.
 *
 *   sealed_policy [--unsealed] FILE USER     prints "allowed" or "denied"
 *
 * The policy is built in an arena, sealed, and then used. To show that the seal
 * holds, the program tries what a corrupted pointer would: it asks the kernel
 * to make the policy writable. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "memseal/memseal_arena.h"

struct rule {
  const char *user;
  struct rule *next;
};

static char *copy(struct memseal_arena *arena, const char *text) {
  char *memory = memseal_arena_allocate(arena, strlen(text) + 1, 1);
  return memory == NULL ? NULL : strcpy(memory, text);
}

static struct rule *read_policy(struct memseal_arena *arena, FILE *file) {
  struct rule *rules = NULL;
  char line[256];
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    struct rule *rule =
        memseal_arena_allocate(arena, sizeof *rule, sizeof(void *));
    if (rule == NULL || (rule->user = copy(arena, line)) == NULL)
      return NULL;
    rule->next = rules;
    rules = rule;
  }
  return rules;
}

int main(int argc, char **argv) {
  int sealed = argc < 2 || strcmp(argv[1], "--unsealed") != 0;
  if (argc != (sealed ? 3 : 4)) {
    fprintf(stderr, "usage: sealed_policy [--unsealed] FILE USER\n");
    return 2;
  }
  const char *user = argv[argc - 1];
  FILE *file = fopen(argv[argc - 2], "r");
  struct memseal_arena *arena;
  if (file == NULL ||
      memseal_arena_create(&arena, 0, MEMSEAL_ARENA_AUTO) != 0) {
    perror("sealed_policy");
    return 2;
  }
  const struct rule *policy = read_policy(arena, file);
  fclose(file);
  if (sealed && memseal_arena_seal(arena) != 0) {
    perror("sealed_policy: seal");
    return 2;
  }

  /* What an attacker with a corrupted pointer would attempt. */
  void *page = (void *)((uintptr_t)policy & ~(uintptr_t)4095);
  if (policy != NULL && mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0) {
    printf("the policy is NOT sealed\n");
    return 3;
  }
  for (const struct rule *rule = policy; rule != NULL; rule = rule->next) {
    if (strcmp(rule->user, user) == 0) {
      printf("allowed\n");
      return 0;
    }
  }
  printf("denied\n");
  return 1;
}
