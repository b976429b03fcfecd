/* SPDX-License-Identifier: Apache-2.0 */
/* A key that is read at start-up, and from then on used only: C99.
 *
 *   cc -std=c99 keys.c $(pkg-config --cflags --libs memseal)
 *   keys FILE TEXT       a (toy) checksum of TEXT under the key in FILE */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <memseal/memseal_secret.h>
#include <stdio.h>
#include <unistd.h>

enum { key_size = 32 };

int main(int argc, char **argv) {
  struct memseal_secret *key;
  int file = argc == 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) {
    fprintf(stderr, "usage: keys FILE TEXT\n");
    return 2;
  }
  /* read(2) into the secret itself: no buffer keeps a copy. */
  if (memseal_secret_create(&key, key_size, 0) != 0 ||
      read(file, memseal_secret_edit(key), key_size) <= 0 ||
      memseal_secret_seal(key, 0) != 0) {
    fprintf(stderr, "no key: %s\n", memseal_sentence(errno));
    return 1;
  }
  close(file);

  const unsigned char *bytes = memseal_secret_read(key);
  unsigned long sum = 5381;
  for (int i = 0; i < key_size; ++i)
    sum = sum * 33 ^ bytes[i];
  for (const char *c = argv[2]; *c != '\0'; ++c)
    sum = sum * 33 ^ (unsigned char)*c;
  printf("%016lx\n", sum);
  return 0;
}
