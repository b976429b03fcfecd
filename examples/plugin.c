/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin for plugin_host: one operation on a number. */
long plugin_apply(long value);
long plugin_apply(long value) {
  return value * 2;
}
