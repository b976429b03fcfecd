/* SPDX-License-Identifier: Apache-2.0 */
/* A library without a constructor. */
extern int plain;
int plain = 7;
extern int *const plain_pointer;
__attribute__((visibility("default"))) int *const plain_pointer = &plain;
