/* SPDX-License-Identifier: Apache-2.0
 * Loads the libraries it is given. With "wait" first, when a line was read.
 * Compiled with LIBRARY it is one of them. */
#ifdef LIBRARY
const char constant[] = "constant";
int answer(void) {
  return sizeof(constant);
}
#else
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **names) {
  int first = 1;
  if (count > 1 && strcmp(names[1], "wait") == 0) {
    char line[8];
    puts("ready");
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL)
      return 3;
    first = 2;
  }
  for (int i = first; i < count; ++i) {
    void *library = dlopen(names[i], RTLD_NOW);
    if (library == NULL) {
      fprintf(stderr, "%s\n", dlerror());
      return 1;
    }
    int (*answer)(void) = (int (*)(void))dlsym(library, "answer");
    if (answer == NULL || answer() != 9)
      return 2;
  }
  puts("loaded");
  return 0;
}
#endif
