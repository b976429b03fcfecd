// SPDX-License-Identifier: Apache-2.0
#include "service/drop_in.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "launch/installation.h"
#include "launch/plan.h"

namespace memseal::service {
namespace {

using process::Cause;
using process::refuse;

constexpr const char *first_line = "# Made by memseal: ";
/// All that a plan may change, and all that the modules read.
constexpr const char *variables[] = {"LD_AUDIT",       "LD_PRELOAD",
                                     "GLIBC_TUNABLES", "MEMSEAL_OPTIONS",
                                     "MEMSEAL_KEEPER", "MEMSEAL_PROVIDE"};

/// The path of a module as it is without the detours by which it was found.
std::string tidied(std::string value) {
  for (launch::InstalledFile part :
       {launch::InstalledFile::audit_module,
        launch::InstalledFile::preload_module,
        launch::InstalledFile::provide_library, launch::InstalledFile::tool}) {
    static launch::PathText path;
    char real[PATH_MAX];
    if (!launch::find_installed(part, path) ||
        realpath(path.c_str(), real) == nullptr)
      continue;
    std::size_t at = value.find(path.view());
    if (at != std::string::npos)
      value.replace(at, path.view().size(), real);
  }
  return value;
}

/// A drop-in sets an environment and starts nothing.
bool needs_keeper(const RunOptions &options) {
  return !wants_own_filters(options) &&
         (options.engine == Engine::keeper || options.engine == strict_tree ||
          options.on_violation == OnViolation::report);
}

}  // namespace

bool names_ours(const std::string &assignment) {
  for (const char *name : variables) {
    if (assignment.starts_with(std::string(name) + "="))
      return true;
  }
  return false;
}

bool is_ours(const Root &root, const std::string &file) {
  int fd = root.open(file, O_PATH, LastLink::kept);
  struct stat about {};
  bool is_file = fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  if (fd >= 0)
    close(fd);
  return is_file && root.text(file).starts_with(first_line);
}

Refusable<std::vector<std::string>, process::Refusal> assignments_for(
    const Root &root, const Unit &unit, const std::string &program,
    const policy::Policy &policy) {
  std::vector<std::string> inherited;
  for (const std::string &assignment : unit.environment) {
    if (names_ours(assignment))
      inherited.push_back(assignment);
  }
  std::vector<char *> environment;
  for (std::string &assignment : inherited)
    environment.push_back(assignment.data());
  environment.push_back(nullptr);

  std::string path = root.real(program);
  char *arguments[] = {path.data(), nullptr};
  launch::RunRequest run;
  policy.apply_to(run);
  run.program = arguments;
  constinit static launch::Preparation preparation;
  auto plan = preparation.prepare(run, environment.data());
  if (!plan)
    return refuse(Cause::unsuitable, fmt::format("'{}' {}", plan.error().path,
                                                 sentence(plan.error())));
  if (plan->method == launch::Method::trace)
    return refuse(
        Cause::unsuitable,
        fmt::format("'{}' can be sealed only by a tracer, {}: put `memseal "
                    "run --` before its command, in an override of your own",
                    program,
                    run.options.on_violation == OnViolation::report ||
                            run.how != launch::How::automatic
                        ? "as its policy asks"
                        : "since it has no loader"));
  if (needs_keeper(run.options))
    return refuse(
        Cause::unsuitable,
        fmt::format(
            "the policy of '{}' needs a process beside the service, "
            "which `memseal run` alone starts: say engine = \"filter\", "
            "or put `memseal run --` before its command, in an "
            "override of your own",
            program));
  std::vector<std::string> result;
  for (const char *name : variables) {
    if (auto value = launch::lookup(plan->environment, name))
      result.push_back(tidied(fmt::format("{}={}", name, *value)));
  }
  return result;
}

std::string DropIn::text() const {
  std::string text = fmt::format(
      "{}`memseal disable {}` removes it.\n"
      "# Policy: {}. After a change to it, say `memseal enable` again.\n"
      "[Service]\n",
      first_line, unit.name, policy_file.empty() ? "none" : policy_file);
  for (const std::string &assignment : assignments)
    text += "Environment=" + quoted_word(assignment) + "\n";
  if (unit.has_allow_list()) {
    launch::RunRequest run;
    policy.apply_to(run);
    text +=
        "# The unit lists the calls it allows. A systemd that does not know "
        "mseal warns.\n";
    text += fmt::format("SystemCallFilter=mseal{}\n",
                        wants_own_filters(run.options) ? " seccomp" : "");
  }
  return text;
}

Refusable<void, process::Refusal> write_whole(const Root &root,
                                              const std::string &file,
                                              const std::string &text) {
  auto because = [&](int error) {
    return refuse(Cause::failed,
                  fmt::format("'{}{}' cannot be written: {}", root.folder(),
                              file, std::strerror(error)));
  };
  Place at = root.find(file, LastLink::kept, Missing::is_made);
  if (at.folder < 0)
    return because(at.error);
  std::string draft = at.name + ".new";
  unlinkat(at.folder, draft.c_str(), 0);  // left behind, or laid there
  int fd = openat(at.folder, draft.c_str(),
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  bool written = fd >= 0 && write(fd, text.data(), text.size()) ==
                                static_cast<ssize_t>(text.size());
  written = written && fsync(fd) == 0;
  int why = errno;
  if (fd >= 0)
    close(fd);
  if (written) {
    written =
        renameat(at.folder, draft.c_str(), at.folder, at.name.c_str()) == 0;
    why = errno;
  }
  if (!written && fd >= 0)
    unlinkat(at.folder, draft.c_str(), 0);
  close(at.folder);
  if (!written)
    return because(why);
  return {};
}

Refusable<void, process::Refusal> remove_file(const Root &root,
                                              const std::string &file) {
  Place at = root.find(file, LastLink::kept);
  int error = at.error;
  if (at.folder >= 0) {
    error = unlinkat(at.folder, at.name.c_str(), 0) == 0 ? 0 : errno;
    close(at.folder);
  }
  if (error != 0)
    return refuse(Cause::failed,
                  fmt::format("'{}{}' cannot be removed: {}", root.folder(),
                              file, std::strerror(error)));
  Place folder = root.find(file.substr(0, file.rfind('/')));
  if (folder.folder >= 0) {  // it stays if it is not empty
    unlinkat(folder.folder, folder.name.c_str(), AT_REMOVEDIR);
    close(folder.folder);
  }
  return {};
}

}  // namespace memseal::service
