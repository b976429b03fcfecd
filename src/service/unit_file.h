// SPDX-License-Identifier: Apache-2.0
// What memseal has to know of a systemd service before it changes its
// environment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/root.h"

namespace memseal::service {

/// The settings of a service, of its drop-ins too, with what is of no concern
/// here left out.
struct Unit {
  std::string name;                      ///< with its suffix
  std::string file;                      ///< where it was found, with the root
  std::vector<std::string> commands;     ///< ExecStart=, as they stand
  std::vector<std::string> environment;  ///< NAME=VALUE
  std::vector<std::string> environment_files;  ///< without the dash
  std::vector<std::string> call_filters;       ///< SystemCallFilter=
  bool has_own_root = false;                   ///< RootDirectory= or RootImage=

  /// SystemCallFilter= names what is allowed, and not what is forbidden.
  bool has_allow_list() const;
};

/// "nginx" becomes "nginx.service". Nothing if it cannot be a service's name.
std::optional<std::string> service_name(const std::string &name);

/// Reads the service below `root`, as systemd would find it (systemd.unit(5)),
/// and its drop-ins except the one named `ours`. Empty `file`: there is none;
/// a `file` that is /dev/null: it is masked.
Unit read_unit(const Root &root, const std::string &name,
               const std::string &ours);

/// The words of a setting, unquoted (systemd.syntax(7), "Quoting").
std::vector<std::string> words_of(const std::string &value);

/// The program of a command line; without the signs in front of it.
std::string program_of(const std::string &command);

/// A word so written that systemd reads it back as it is: quoted, and with
/// specifiers off.
std::string quoted_word(const std::string &word);

}  // namespace memseal::service
