/* SPDX-License-Identifier: Apache-2.0 */
/* The test programs run with glibc 2.31 and newer, wherever they were built:
 * so they ask for the oldest version of each function that has several. */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__GLIBC__) && defined(__x86_64__)
#define OLDEST "GLIBC_2.2.5"
#define DLMOPEN_VERSION "GLIBC_2.3.4"
#elif defined(__GLIBC__) && defined(__aarch64__)
#define OLDEST "GLIBC_2.17"
#define DLMOPEN_VERSION "GLIBC_2.17"
#endif
#ifdef OLDEST
__asm__(".symver dlopen, dlopen@" OLDEST);
__asm__(".symver dlsym, dlsym@" OLDEST);
__asm__(".symver dlclose, dlclose@" OLDEST);
__asm__(".symver dlerror, dlerror@" OLDEST);
__asm__(".symver dlmopen, dlmopen@" DLMOPEN_VERSION);
__asm__(".symver pthread_create, pthread_create@" OLDEST);
__asm__(".symver pthread_join, pthread_join@" OLDEST);
__asm__(".symver pthread_attr_setstack, pthread_attr_setstack@" OLDEST);
__asm__(".symver pthread_attr_setstacksize, pthread_attr_setstacksize@" OLDEST);
__asm__(".symver __libc_start_main, __libc_start_main@" OLDEST);
#endif

/* Makes the page writable and puts it back. Returns 0 if that worked, else the
 * errno. `was` is what the page is now. */
static inline int try_to_change(const void *address, int was) {
  uintptr_t mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
  char *page = (char *)((uintptr_t)address & ~mask);
  if (mprotect(page, 1, was | PROT_WRITE) != 0)
    return errno;
  if (mprotect(page, 1, was) != 0)
    return -1;
  return 0;
}
