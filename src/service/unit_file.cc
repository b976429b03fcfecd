// SPDX-License-Identifier: Apache-2.0
#include "service/unit_file.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace memseal::service {
namespace {

// By falling priority; systemd.unit(5), "System Unit Search Path".
constexpr const char *folders[] = {"/etc/systemd/system", "/run/systemd/system",
                                   "/usr/local/lib/systemd/system",
                                   "/usr/lib/systemd/system",
                                   "/lib/systemd/system"};

std::string trimmed(const std::string &text) {
  std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// An empty value empties the list (systemd.unit(5)).
void add(std::vector<std::string> &list, const std::string &value) {
  if (value.empty())
    list.clear();
  else
    list.push_back(value);
}

void take(Unit &unit, const std::string &key, const std::string &value) {
  if (key == "ExecStart") {
    add(unit.commands, value);
  } else if (key == "SystemCallFilter") {
    add(unit.call_filters, value);
  } else if (key == "Environment") {
    if (value.empty())
      unit.environment.clear();
    for (std::string &word : words_of(value))
      unit.environment.push_back(std::move(word));
  } else if (key == "EnvironmentFile") {
    add(unit.environment_files,
        value.starts_with('-') ? value.substr(1) : value);
  } else if (key == "RootDirectory" || key == "RootImage") {
    unit.has_own_root = !value.empty();
  }
}

void read_file(Unit &unit, const std::string &content) {
  std::istringstream in(content);
  std::string section, logical;
  for (std::string line; std::getline(in, line);) {
    std::string text = trimmed(line);
    // Comments may stand between the lines of one setting.
    if (text.starts_with('#') || text.starts_with(';'))
      continue;
    logical += text;
    if (logical.ends_with('\\')) {
      logical.back() = ' ';
      continue;
    }
    text = std::exchange(logical, {});
    if (text.starts_with('[')) {
      section = text;
      continue;
    }
    std::size_t equals = text.find('=');
    if (section == "[Service]" && equals != std::string::npos)
      take(unit, trimmed(text.substr(0, equals)),
           trimmed(text.substr(equals + 1)));
  }
}

/// The name under which a unit's file may be: its own, or its template's.
std::vector<std::string> file_names(const std::string &name) {
  std::vector<std::string> names{name};
  std::size_t at = name.find('@'), dot = name.rfind('.');
  if (at != std::string::npos && at + 1 != dot)
    names.push_back(name.substr(0, at + 1) + name.substr(dot));
  return names;
}

/// Of drop-ins with one name the first folder's counts; all are read in the
/// order of their names.
void read_drop_ins(Unit &unit, const Root &root, const std::string &ours) {
  std::map<std::string, std::string> files;
  for (const std::string &name : file_names(unit.name)) {
    for (const char *folder : folders) {
      std::string path = std::string(folder) + "/" + name + ".d";
      int fd = root.open(path, O_RDONLY | O_DIRECTORY);
      DIR *entries = fd < 0 ? nullptr : fdopendir(fd);
      if (entries == nullptr)
        continue;
      while (const dirent *entry = readdir(entries)) {
        std::string file = entry->d_name;
        if (file.ends_with(".conf") && file != ours)
          files.try_emplace(file, path + "/" + file);
      }
      closedir(entries);
    }
  }
  for (const auto &[name, path] : files)
    read_file(unit, root.text(path));
}

}  // namespace

bool Unit::has_allow_list() const {
  return !call_filters.empty() && !call_filters.front().starts_with('~');
}

std::optional<std::string> service_name(const std::string &name) {
  constexpr const char *allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
  if (name.empty() || name.size() > 200 || name.starts_with('.') ||
      name.find_first_not_of(allowed) != std::string::npos)
    return std::nullopt;
  for (const char *other : {".socket", ".timer", ".target", ".mount", ".path",
                            ".slice", ".scope", ".device", ".swap"}) {
    if (name.ends_with(other))
      return std::nullopt;
  }
  return name.ends_with(".service") ? name : name + ".service";
}

Unit read_unit(const Root &root, const std::string &name,
               const std::string &ours) {
  Unit unit;
  unit.name = name;
  std::string found;
  for (const std::string &file_name : file_names(name)) {
    for (const char *folder : folders) {
      std::string path = std::string(folder) + "/" + file_name;
      // The image may have no /dev.
      bool masked = root.real(path) == root.folder() + "/dev/null";
      if (found.empty() && (masked || root.has(path))) {
        found = path;
        unit.file = masked ? "/dev/null" : root.folder() + path;
      }
    }
  }
  if (unit.file.empty())
    return unit;
  read_file(unit, root.text(found));
  read_drop_ins(unit, root, ours);
  return unit;
}

std::vector<std::string> words_of(const std::string &value) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool inside = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    char c = value[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      if (inside)
        words.push_back(std::exchange(word, {}));
      inside = false;
      continue;
    }
    inside = true;
    if (quote == 0 && (c == '"' || c == '\''))
      quote = c;
    else if (c == quote)
      quote = 0;
    else if (c == '\\' && i + 1 < value.size())
      word += value[++i];
    else
      word += c;
  }
  if (inside)
    words.push_back(word);
  return words;
}

std::string program_of(const std::string &command) {
  std::size_t begin = command.find_first_not_of("@-:+!|");
  std::vector<std::string> words = begin == std::string::npos
                                       ? std::vector<std::string>()
                                       : words_of(command.substr(begin));
  return words.empty() ? std::string() : words.front();
}

std::string quoted_word(const std::string &word) {
  std::string out = "\"";
  for (char c : word) {
    if (c == '"' || c == '\\')
      out += '\\';
    if (c == '%')
      out += '%';
    out += c;
  }
  return out + '"';
}

}  // namespace memseal::service
