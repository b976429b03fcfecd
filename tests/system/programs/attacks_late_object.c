/* SPDX-License-Identifier: Apache-2.0
 * attacks_late_object LIBRARY [ROUNDS [quiet]]: opens the library and lets it
 * make its own text writable, ROUNDS times; exits with the last answer, 0 or
 * the errno. "quiet": opens, closes and opens it again, and does nothing more.
 * With -DLIBRARY it is the library. */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#ifdef LIBRARY
__attribute__((noinline)) int unlock_itself(void) {
  void *page = (void *)((uintptr_t)&unlock_itself & ~(uintptr_t)4095);
  int answer = mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
  __asm__ volatile("" : : : "memory"); /* no tail call: keep this frame */
  return answer == 0 ? 0 : errno;
}
#else
int main(int argc, char **argv) {
  if (argc < 2)
    return 99;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (library == NULL)
    return 98;
  if (argc > 3) {
    dlclose(library);
    return dlopen(argv[1], RTLD_NOW) == NULL;
  }
  int (*unlock)(void) =
      (int (*)(void))(intptr_t)dlsym(library, "unlock_itself");
  int answer = 97;
  for (int i = argc > 2 ? atoi(argv[2]) : 1; i > 0; --i)
    answer = unlock();
  return answer;
}
#endif
