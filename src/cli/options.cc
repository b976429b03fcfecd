// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <CLI/CLI.hpp>

#include "cli/output.h"
#include "cli/terminal.h"

namespace memseal::cli {

struct Options::App {
  CLI::App cli;
};

Options::Options(const char *verb, const char *summary, const char *epilogue)
    : app_(std::make_unique<App>()) {
  app_->cli.name(std::string("memseal ") + verb);
  app_->cli.description(summary);
  app_->cli.footer(epilogue);
  app_->cli.set_help_flag("-h,--help", "print this help and exit");
}

Options::~Options() = default;

void Options::flag(const char *names, bool &value, const char *help) {
  app_->cli.add_flag(names, value, help);
}

void Options::text(const char *name, std::string &value, const char *help) {
  app_->cli.add_option(name, value, help)->type_name("TEXT");
}

void Options::number(const char *name, int &value, const char *help) {
  app_->cli.add_option(name, value, help)->type_name("N");
}

void Options::choice(const char *name, std::string &value,
                     std::vector<std::string> choices, const char *help) {
  std::string shown;
  for (const std::string &choice : choices)
    shown += (shown.empty() ? "" : "|") + choice;
  app_->cli
      .add_option(name, value, help)
      // Its own description would be the words once more.
      ->check(CLI::IsMember(std::move(choices)).description(""))
      ->type_name(shown);
}

void Options::texts(const char *name, std::vector<std::string> &values,
                    const char *help) {
  app_->cli.add_option(name, values, help)
      ->type_name("TEXT")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
}

void Options::positionals(const char *name, std::vector<std::string> &values,
                          const char *help) {
  app_->cli.add_option(name, values, help)->type_name("");
}

void Options::command(const char *name, std::vector<std::string> &values,
                      const char *help) {
  positionals(name, values, help);
  app_->cli.positionals_at_end();
  app_->cli.prefix_command();
}

std::optional<int> Options::parse(int argc, char **argv, int usage_code) {
  try {
    app_->cli.parse(argc, argv);
    // Options before a command that it does not know CLI11 leaves to us.
    auto left = app_->cli.remaining();
    if (!left.empty() && left.front() != "--")
      throw CLI::ExtrasError(app_->cli.get_name(), {left.front()});
    return std::nullopt;
  } catch (const CLI::CallForHelp &) {
    print(fitted(app_->cli.help()));
    return 0;
  } catch (const CLI::ParseError &error) {
    complain(error.what());
    print_error(app_->cli.get_name() + " --help says more.\n");
    return usage_code;
  }
}

}  // namespace memseal::cli
