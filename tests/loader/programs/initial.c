/* SPDX-License-Identifier: Apache-2.0 */
/* Says what the constructor of a needed library could do, and what main can. */
#include "portable.h"

struct outcome {
  int text, relro, libc, constructed;
};
extern struct outcome witness;
extern char **environ;

static void *const relro[600] = {&witness};

static void print_file(const char *path) {
  char line[4096];
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    fputs(line, stdout);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "env") == 0) {
    for (char **e = environ; *e != NULL; ++e)
      puts(*e);
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "smaps") == 0) {
    print_file("/proc/self/smaps");
    return 0;
  }
  printf("constructor text=%d relro=%d libc=%d constructed=%d\n", witness.text,
         witness.relro, witness.libc, witness.constructed);
  printf("main text=%d relro=%d\n",
         try_to_change((void *)main, PROT_READ | PROT_EXEC),
         try_to_change((void *)&relro[300], PROT_READ));
  return argc > 1 ? atoi(argv[1]) : 0;
}
