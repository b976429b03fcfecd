/* SPDX-License-Identifier: Apache-2.0 */
/* An address in the text, which the loader has to write there. */
extern int textrel_target;
int textrel_target = 5;
#if defined(__x86_64__)
__asm__(".text\n.globl textrel_cell\ntextrel_cell: .quad textrel_target\n");
#else
__asm__(".text\n.globl textrel_cell\ntextrel_cell: .xword textrel_target\n");
#endif
