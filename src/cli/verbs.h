// SPDX-License-Identifier: Apache-2.0
// The verbs, each in the file of its name.
#pragma once

namespace memseal::cli {

int attach(int argc, char **argv);
int status(int argc, char **argv);
int check(int argc, char **argv);
int scan(int argc, char **argv);
int trace(int argc, char **argv);
int doctor(int argc, char **argv);
int probe(int argc, char **argv);
int policy(int argc, char **argv);
int enable(int argc, char **argv);
int disable(int argc, char **argv);
int oci(int argc, char **argv);

}  // namespace memseal::cli
