// SPDX-License-Identifier: Apache-2.0
// memseal oci: a container's config.json in, the same with its program sealed
// out.
//
// So it is a filter for whoever makes bundles, and a precreate hook for Podman
// and CRI-O, which hand a hook the configuration on standard input and take
// what it prints (oci-hooks(5), "precreate"). What the environment must hold is
// computed as for services (service/drop_in.h); the module is mounted into the
// container where it lies here.
#include <fmt/format.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "policy/policy_file.h"
#include "process/proc_files.h"
#include "service/drop_in.h"
#include "service/root.h"

namespace memseal::cli {
namespace {

using nlohmann::ordered_json;

constexpr int exit_refused = 1, exit_mistake = 2, exit_malformed = 3;
constexpr char annotation[] = "org.memseal.enable";
constexpr std::size_t most_input = std::size_t{16} << 20;

struct Request {
  std::string policy, bundle = ".";
  bool opt_in = false, require = false;
};

/// Text and lists of text in a document of somebody else's; empty if they are
/// not there, or something else.
std::string text_in(const ordered_json &object, const char *key) {
  auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_string()
             ? found->get<std::string>()
             : std::string();
}

std::vector<std::string> texts_in(const ordered_json &object, const char *key) {
  std::vector<std::string> texts;
  if (!object.is_object() || !object.contains(key) || !object[key].is_array())
    return texts;
  for (const ordered_json &each : object[key]) {
    if (each.is_string())
      texts.push_back(each.get<std::string>());
  }
  return texts;
}

/// Why this is no configuration of a container; empty: it is one.
std::string flaw_of(const ordered_json &config) {
  if (!config.is_object())
    return "is not a JSON object";
  if (text_in(config, "ociVersion").empty())
    return "has no ociVersion";
  if (!config.contains("root") || text_in(config["root"], "path").empty())
    return config.contains("bundle") ? "is a container's state, not its "
                                       "config.json: memseal oci is a "
                                       "precreate hook"
                                     : "has no root.path";
  if (!config.contains("process") || !config["process"].is_object() ||
      texts_in(config["process"], "args").empty())
    return "has no process.args";
  for (const char *list : {"mounts"}) {
    if (config.contains(list) && !config[list].is_array())
      return fmt::format("has {} that are no list", list);
  }
  if (config["process"].contains("env") && !config["process"]["env"].is_array())
    return "has a process.env that is no list";
  return {};
}

/// The program as the container has it: found by its PATH, and of a script its
/// interpreter.
std::string program_of(const service::Root &root, const ordered_json &config) {
  std::string name = texts_in(config["process"], "args").front(), found = name;
  if (!name.contains('/')) {
    std::string path =
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for (const std::string &entry : texts_in(config["process"], "env")) {
      if (entry.starts_with("PATH="))
        path = entry.substr(5);
    }
    for (std::size_t at = 0; at <= path.size();) {
      std::size_t end = std::min(path.find(':', at), path.size());
      std::string file = path.substr(at, end - at) + "/" + name;
      at = end + 1;
      if (file.starts_with('/') && root.has(file)) {
        found = file;
        break;
      }
    }
  } else if (!name.starts_with('/')) {
    found = text_in(config["process"], "cwd") + "/" + name;
  }
  std::string text = root.text(found).substr(0, 256);
  if (!text.starts_with("#!"))
    return found;
  std::string line = text.substr(2, text.find('\n') - 2);
  line.erase(0, line.find_first_not_of(' '));
  return line.substr(0, line.find(' '));
}

/// The files in these assignments that are there: what has to be mounted.
std::vector<std::string> modules_in(
    const std::vector<std::string> &assignments) {
  std::vector<std::string> files;
  for (const std::string &assignment : assignments) {
    if (!assignment.starts_with("LD_AUDIT=") &&
        !assignment.starts_with("LD_PRELOAD="))
      continue;
    std::string list = assignment.substr(assignment.find('=') + 1);
    for (std::size_t at = 0; at <= list.size();) {
      std::size_t end = std::min(list.find(':', at), list.size());
      std::string file = list.substr(at, end - at);
      at = end + 1;
      if (file.contains("libmemseal-") && access(file.c_str(), R_OK) == 0)
        files.push_back(file);
    }
  }
  // What an audited program starts with another libc is preloaded into.
  return files;
}

void add(ordered_json &config, const std::vector<std::string> &assignments) {
  ordered_json &process = config["process"];
  ordered_json kept = ordered_json::array();
  for (const ordered_json &entry :
       process.value("env", ordered_json::array())) {
    if (!entry.is_string() || !service::names_ours(entry.get<std::string>()))
      kept.push_back(entry);
  }
  for (const std::string &assignment : assignments)
    kept.push_back(assignment);
  process["env"] = std::move(kept);
  for (const std::string &file : modules_in(assignments)) {
    ordered_json mount = {{"destination", file},
                          {"type", "bind"},
                          {"source", file},
                          {"options", {"bind", "ro", "nosuid", "nodev"}}};
    ordered_json &mounts = config["mounts"];
    if (mounts.is_null())
      mounts = ordered_json::array();
    if (std::find(mounts.begin(), mounts.end(), mount) == mounts.end())
      mounts.push_back(std::move(mount));
  }
}

/// A list of allowed calls gets mseal too.
void allow_mseal(ordered_json &config) {
  if (!config.contains("linux") || !config["linux"].is_object() ||
      !config["linux"].contains("seccomp"))
    return;
  ordered_json &seccomp = config["linux"]["seccomp"];
  std::string otherwise = text_in(seccomp, "defaultAction");
  if (otherwise.empty() || otherwise == "SCMP_ACT_ALLOW" ||
      otherwise == "SCMP_ACT_LOG")
    return;
  ordered_json rule = {{"names", {"mseal"}}, {"action", "SCMP_ACT_ALLOW"}};
  ordered_json &calls = seccomp["syscalls"];
  if (calls.is_null())
    calls = ordered_json::array();
  if (calls.is_array() &&
      std::find(calls.begin(), calls.end(), rule) == calls.end())
    calls.push_back(std::move(rule));
}

/// Whether the container asks for it, or does not refuse it.
bool is_wanted(const ordered_json &config, bool opt_in) {
  std::string said = config.contains("annotations")
                         ? text_in(config["annotations"], annotation)
                         : std::string();
  return opt_in ? said == "true" : said != "false";
}

/// Seals it, or says why not.
std::string seal(ordered_json &config, const Request &request,
                 const policy::Policy &policy) {
  std::string path = text_in(config["root"], "path");
  if (!path.starts_with('/'))
    path = request.bundle + "/" + path;
  std::error_code error;
  std::string real = std::filesystem::canonical(path, error).string();
  if (error)
    return fmt::format("the root '{}' is not there", path);
  service::Root root(real);
  service::Unit unit;
  unit.environment = texts_in(config["process"], "env");
  auto assignments =
      service::assignments_for(root, unit, program_of(root, config), policy);
  if (!assignments)
    return sentence(assignments.error());
  add(config, *assignments);
  allow_mseal(config);
  return {};
}

}  // namespace

int oci(int argc, char **argv) {
  Request request;
  Options options(
      "oci",
      "Read a container's config.json, print it so that its program "
      "runs sealed: a filter, and a precreate hook.",
      "Exit code: 0 printed, 1 it cannot be sealed (with --require), "
      "2 usage,\n3 the input is no config.json.");
  options.flag("--opt-in", request.opt_in,
               "only with the annotation org.memseal.enable=true; without this "
               "option all but those with =false");
  options.flag("--require", request.require,
               "fail rather than print one that is not sealed");
  options.text("--bundle", request.bundle,
               "where a relative root.path begins (here)");
  options.text("--policy", request.policy, "this policy file");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;
  policy::Policy policy;
  if (!request.policy.empty()) {
    policy = policy::read_policy(request.policy);
    for (const policy::PolicyFault &fault : policy.faults)
      refuse(0, sentence(request.policy, fault));
    if (!policy.faults.empty())
      return exit_refused;
  }
  auto text = process::read_all(STDIN_FILENO);
  if (!text || text->empty() || text->size() > most_input)
    return refuse(exit_malformed, "standard input holds no config.json");
  ordered_json config = ordered_json::parse(*text, nullptr, false);
  if (config.is_discarded())
    return refuse(exit_malformed, "standard input is not valid JSON");
  if (std::string flaw = flaw_of(config); !flaw.empty())
    return refuse(exit_malformed, "what is on standard input " + flaw);
  if (is_wanted(config, request.opt_in)) {
    if (std::string why = seal(config, request, policy); !why.empty()) {
      complain("the container is not sealed: {}", why);
      if (request.require)
        return exit_refused;
    }
  }
  print(config.dump(2, ' ', false, ordered_json::error_handler_t::replace) +
        '\n');
  return 0;
}

}  // namespace memseal::cli
