// SPDX-License-Identifier: Apache-2.0
// memseal policy check FILE..., memseal policy show PROG
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "policy/policy_file.h"
#include "report/document_tool.h"

namespace memseal::cli {
namespace {

using policy::Policy;
using policy::PolicyFault;
using policy::PolicyPattern;

using nlohmann::ordered_json;

// Exit codes, as memseal(1) documents them.
constexpr int exit_good = 0, exit_faulty = 1, exit_mistake = 2,
              exit_unreadable = 3;

int mistake(const std::string &sentence) {
  complain("policy: {}", sentence);
  return exit_mistake;
}

void print_json(const ordered_json &json) {
  print("{}\n", report::json_text(json, 2));
}

int grade(const Policy &policy) {
  if (policy.faults.empty())
    return exit_good;
  return policy.faults[0].line == 0 ? exit_unreadable : exit_faulty;
}

ordered_json faults_json(const Policy &policy) {
  ordered_json faults = ordered_json::array();
  for (const PolicyFault &fault : policy.faults)
    faults.push_back({{"line", fault.line},
                      {"column", fault.column},
                      {"sentence", fault.sentence}});
  return faults;
}

int check(const std::vector<std::string> &files, bool json) {
  int worst = exit_good;
  ordered_json answers = ordered_json::array();
  for (const std::string &file : files) {
    Policy policy = policy::read_policy(file);
    worst = std::max(worst, grade(policy));
    answers.push_back(report::document("policy_check"));
    answers.back().update({{"file", file},
                           {"valid", policy.faults.empty()},
                           {"faults", faults_json(policy)}});
    if (json)
      continue;
    for (const PolicyFault &fault : policy.faults)
      complain(sentence(file, fault));
    if (policy.faults.empty())
      print("{}: good\n", file);
  }
  if (json)
    print_json(answers);
  return worst;
}

/// What the settings mean that a reader may not know.
const std::map<std::string, const char *> &meanings() {
  static const std::map<std::string, const char *> all{
      {"engine=auto", "mseal(2) enforces the seals"},
      {"engine=native", "mseal(2) enforces the seals"},
      {"engine=filter", "a filter of this one program enforces the seals"},
      {"engine=keeper", "a keeper enforces the seals, in children too"},
      {"engine=strict", "mseal(2) and a filter that closes what it leaves"},
      {"dlopen=pin", "libraries loaded later are sealed and never unloaded"},
      {"dlopen=seal", "libraries loaded later are sealed and left mapped"},
      {"dlopen=skip", "libraries loaded later are not sealed"},
      {"at-exit=check", "exit is stopped if what it calls through was changed"},
      {"relro=anonymous", "no advice can discard what was relocated"},
      {"relro=file", "mseal(2) lets advice discard what was relocated"},
      {"slots=seal", "calls between objects go through sealed memory"},
      {"slots=keep", "calls between objects go through writable memory"},
      {"require=true", "the program does not run less sealed than asked"},
      {"require=false", "the program runs even if it cannot be sealed"},
      {"inherit=true", "programs that it starts are sealed too"},
      {"inherit=false", "programs that it starts are not sealed"},
      {"on-violation=deny", "a call that a seal forbids fails"},
      {"on-violation=report", "a call that a seal forbids fails and is told"},
      {"on-violation=kill", "a call that a seal forbids ends the process"},
      {"on-violation=trap", "a call that a seal forbids raises SIGSYS"},
  };
  return all;
}

void show_patterns(const char *title,
                   const std::vector<PolicyPattern> &patterns) {
  if (!patterns.empty())
    print("  {}\n", title);
  for (const PolicyPattern &pattern : patterns)
    print("    {}{}{}\n", pattern.glob, pattern.reason.empty() ? "" : ": ",
          pattern.reason);
}

void show_text(const std::string &program, const std::string &file,
               const Policy &policy) {
  print("{}: {}\n", program,
        file.empty() ? "no policy applies" : file + " applies");
  std::map<std::string, std::string> words{{"engine", "auto"},
                                           {"dlopen", "pin"},
                                           {"require", "false"},
                                           {"inherit", "true"},
                                           {"on-violation", "deny"}};
  for (const auto &[key, word] : policy.words)
    words[key] = word;
  for (const auto &[key, word] : words) {
    auto meaning = meanings().find(key + "=" + word);
    print("  {:<13} {:<7} {}\n", key, word,
          meaning == meanings().end() ? "" : meaning->second);
  }
  if (policy.only.empty())
    print("  every object is sealed{}\n",
          policy.except.empty() ? "" : ", but not");
  show_patterns("sealed are only objects that match", policy.only);
  show_patterns(policy.only.empty() ? "exceptions:" : "and of these not:",
                policy.except);
}

void show_json(const std::string &program, const std::string &file,
               const Policy &policy) {
  ordered_json answer = report::document("policy");
  answer.update({{"program", program}, {"policy", nullptr}});
  if (!file.empty())
    answer["policy"] = file;
  ordered_json settings = ordered_json::object();
  for (const auto &[key, word] : policy.words)
    settings[key] = word;
  answer["settings"] = settings;
  for (auto [key, patterns] :
       {std::pair("only", &policy.only), std::pair("except", &policy.except)}) {
    ordered_json list = ordered_json::array();
    for (const PolicyPattern &pattern : *patterns)
      list.push_back({{"glob", pattern.glob}, {"reason", pattern.reason}});
    answer[key] = list;
  }
  print_json(answer);
}

int show(const std::string &program, bool json) {
  const auto &[file, policy, passed_over] = policy::policy_of(environ, program);
  if (!passed_over.empty())
    complain(passed_over);
  for (const PolicyFault &fault : policy.faults)
    complain(sentence(file, fault));
  if (!policy.faults.empty())
    return grade(policy);
  (json ? show_json : show_text)(program, file, policy);
  return exit_good;
}

}  // namespace

int policy(int argc, char **argv) {
  std::vector<std::string> words;
  bool json = false;
  Options options(
      "policy", "Checks policy files, or shows which one applies.",
      "check FILE...  tells what is wrong in them, with line and column\n"
      "show PROG      tells which policy `memseal run PROG` takes, and what it "
      "means\n\nExit code: 0 good, 1 a policy is faulty, 2 usage, 3 a file "
      "cannot be read.\nmemseal(1) and docs/policy.md say more.");
  options.positionals("check FILE | show PROG", words, "what to do");
  options.flag("--json", json, "print JSON");
  if (auto code = options.parse(argc, argv, exit_mistake))
    return *code;
  std::string act = words.empty() ? "" : words.front();
  if (act != "check" && act != "show")
    return mistake("use check FILE... or show PROG");
  words.erase(words.begin());
  if (words.empty() || (act == "show" && words.size() != 1))
    return mistake(act == "show" ? "show needs a program"
                                 : "check which file?");
  return act == "check" ? check(words, json) : show(words[0], json);
}

}  // namespace memseal::cli
