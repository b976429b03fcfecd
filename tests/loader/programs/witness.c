/* SPDX-License-Identifier: Apache-2.0 */
/* A library whose constructor is the attacker: it tries to make its own text,
 * its own RELRO and libc's text writable, and remembers what came of it. */
#include "portable.h"

#ifndef WITNESS
#define WITNESS witness
#endif
struct outcome {
  int text, relro, libc, constructed;
};
__attribute__((visibility("default"))) struct outcome WITNESS = {-2, -2, -2, 0};

/* Needs a relocation, hence lies in RELRO. */
static void *const relro[1200] = {[300] = &WITNESS, [600] = &WITNESS};

#ifdef OWN_INIT
/* What DT_INIT points to, before any constructor. */
void own_init(void);
void own_init(void) {
  WITNESS.constructed += 10;
}
#endif

/* Where that is, for whoever wants to attack it. */
__attribute__((visibility("default"))) void *const *witness_cell(void);
void *const *witness_cell(void) {
  return &relro[600];
}

/* The attack, for whoever wants to repeat it later. */
__attribute__((visibility("default"))) struct outcome attack_now(void);
static struct outcome attempt(void) {
  struct outcome o = WITNESS;
  o.text = try_to_change((void *)attempt, PROT_READ | PROT_EXEC);
  /* The middle: the first and the last page may hold other things. */
  o.relro = try_to_change((void *)&relro[600], PROT_READ);
  o.libc = try_to_change((void *)getenv, PROT_READ | PROT_EXEC);
  return o;
}
struct outcome attack_now(void) {
  return attempt();
}

__attribute__((constructor)) static void attack(void) {
#ifdef NEEDS_MISSING
  extern void nobody_defines_this(void);
  nobody_defines_this();
#endif
  WITNESS = attempt();
  ++WITNESS.constructed;
}
