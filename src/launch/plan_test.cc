// SPDX-License-Identifier: Apache-2.0
// Which way into a program is chosen, and what its environment becomes. Nothing
// is executed: the programs are a few bytes, and so is the installation.
#include "launch/plan.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "launch/test_programs.h"

namespace memseal::launch {
namespace {

constexpr const char *glibc = "/lib64/ld-linux-x86-64.so.2";
constexpr const char *musl = "/lib/ld-musl-x86_64.so.1";

using Strings = std::vector<std::string>;

class PlanTest : public testing::Test {
protected:
  void SetUp() override {
    if (std::filesystem::exists("/etc/ld.so.preload"))
      GTEST_SKIP() << "this machine preloads libraries into every program";
    install(folder_.path() + "/here");
    folder_.write("glibc", elf_file({.interpreter = glibc}));
    folder_.write("musl", elf_file({.interpreter = musl}));
    folder_.write("static", elf_file({}));
    request_.options.engine = Engine::native;
    request_.provide = Provide::never;
  }

  void install(const std::string &at) {
    std::string inside = at.substr(folder_.path().size() + 1);
    for (const char *part :
         {"/memseal", "/memseal-tool", "/libmemseal-audit.so",
          "/libmemseal-preload.so", "/libmemseal-provide.so"})
      folder_.write(inside + part, "");
    name_.reset();
    name_.emplace(at + "/memseal");
  }
  std::string part(const std::string &name) {
    return folder_.at("here/" + name);
  }

  Refusable<Plan, Hindrance> prepare(const std::string &program,
                                     Strings environment = {}) {
    environment_ = std::move(environment);
    vector_.clear();
    for (std::string &string : environment_)
      vector_.push_back(string.data());
    vector_.push_back(nullptr);
    program_ = folder_.at(program);
    arguments_[0] = program_.data();
    request_.program = arguments_;
    return preparation_->prepare(request_, vector_.data());
  }
  /// The plan of what can be started.
  Plan plan(const std::string &program, Strings environment = {}) {
    auto made = prepare(program, std::move(environment));
    EXPECT_TRUE(made) << sentence(made.error().obstacle);
    return *made;
  }
  Obstacle obstacle(const std::string &program, Strings environment = {}) {
    auto made = prepare(program, std::move(environment));
    EXPECT_FALSE(made) << program;
    return made ? Obstacle::not_found : made.error().obstacle;
  }
  static std::string value(const Plan &plan, const char *name) {
    auto found = lookup(plan.environment, name);
    return found ? std::string(*found) : "-";
  }
  bool inherits(const Plan &plan) { return plan.environment == vector_.data(); }

  Folder folder_;
  RunRequest request_;
  std::optional<StartedAs> name_;
  Strings environment_;
  std::vector<char *> vector_;
  std::string program_;
  char *arguments_[2] = {};
  std::unique_ptr<Preparation> preparation_ = std::make_unique<Preparation>();
};

TEST_F(PlanTest, a_program_of_glibc_is_audited) {
  Plan made = plan("glibc", {"A=1"});
  EXPECT_EQ(made.method, Method::audit);
  EXPECT_EQ(made.path, folder_.at("glibc"));
  EXPECT_EQ(made.arguments, arguments_);
  EXPECT_EQ(value(made, "LD_AUDIT"), part("libmemseal-audit.so"));
  EXPECT_EQ(value(made, "LD_PRELOAD"), "-");
  EXPECT_EQ(value(made, "MEMSEAL_OPTIONS"), "engine=native");
  EXPECT_EQ(value(made, "A"), "1");
  EXPECT_EQ(made.keeper, nullptr);
  EXPECT_EQ(made.remark, nullptr);
  EXPECT_FALSE(made.watched);
}

TEST_F(PlanTest, a_program_of_musl_is_preloaded) {
  Plan made = plan("musl");
  EXPECT_EQ(made.method, Method::preload);
  EXPECT_EQ(value(made, "LD_PRELOAD"), part("libmemseal-preload.so"));
  EXPECT_EQ(value(made, "LD_AUDIT"), "-");
  EXPECT_EQ(value(made, "GLIBC_TUNABLES"), "-");
  request_.how = How::audit;
  EXPECT_EQ(obstacle("musl"), Obstacle::no_audit);
}

TEST_F(PlanTest, a_static_program_is_traced_and_hands_the_module_on) {
  Plan made = plan("static", {"A=1"});
  EXPECT_EQ(made.method, Method::trace);
  EXPECT_EQ(value(made, "LD_AUDIT"), part("libmemseal-audit.so"));
  EXPECT_EQ(value(made, "MEMSEAL_OPTIONS"), "engine=native");
  request_.options.inheritance = Inheritance::children_unsealed;
  EXPECT_TRUE(inherits(plan("static", {"A=1"})));
  request_.options.inheritance = Inheritance::children_sealed;
  request_.how = How::trace_children;  // the tracer seals them
  EXPECT_TRUE(inherits(plan("static", {"A=1"})));
  for (How how : {How::audit, How::preload}) {
    request_.how = how;
    EXPECT_EQ(obstacle("static"), Obstacle::static_program);
  }
}

TEST_F(PlanTest, children_of_a_static_program_need_no_keeper) {
  for (Engine engine : {Engine::keeper, strict_tree}) {
    request_.options.engine = engine;
    Plan made = plan("static");
    EXPECT_NE(made.remark, nullptr);
    EXPECT_EQ(std::string(value(made, "MEMSEAL_OPTIONS")).find("engine="),
              std::string::npos);
    // Less than was asked for is not to run.
    request_.options.requirement = Requirement::required;
    made = plan("static");
    EXPECT_EQ(made.remark, nullptr);
    EXPECT_NE(std::string(value(made, "MEMSEAL_OPTIONS")).find("engine="),
              std::string::npos);
    request_.options.requirement = Requirement::best_effort;
  }
  request_.options.engine = Engine::native;
  EXPECT_EQ(plan("static").remark, nullptr);
}

TEST_F(PlanTest, a_static_program_runs_sealed_where_the_module_is_missing) {
  std::filesystem::remove(part("libmemseal-audit.so"));
  Plan made = plan("static", {"A=1"});
  EXPECT_TRUE(inherits(made));
  EXPECT_NE(made.remark, nullptr);
}

TEST_F(PlanTest, the_way_that_was_asked_for_is_taken) {
  request_.how = How::preload;
  EXPECT_EQ(plan("glibc").method, Method::preload);
  request_.how = How::trace;
  Plan made = plan("glibc", {"A=1"});
  EXPECT_EQ(made.method, Method::trace);
  EXPECT_TRUE(inherits(made));
}

// Children may be programs whose libraries need all there is.
TEST_F(PlanTest, room_for_storage_is_made_for_children_or_if_it_is_wanted) {
  EXPECT_EQ(value(plan("glibc"), "GLIBC_TUNABLES"),
            "glibc.rtld.optional_static_tls=4096");
  request_.options.inheritance = Inheritance::children_unsealed;
  EXPECT_EQ(value(plan("glibc"), "GLIBC_TUNABLES"), "-");
  // A library that is not found may want any.
  folder_.write("lost", elf_file({.interpreter = glibc,
                                  .needed = {"libmemseal-test-none.so"}}));
  EXPECT_EQ(value(plan("lost"), "GLIBC_TUNABLES"),
            "glibc.rtld.optional_static_tls=4096");
}

/// A program with a library that wants `tls` bytes.
Asks with_library(Folder &folder, std::size_t tls) {
  folder.write("libmemseal-test-big.so", elf_file({.tls = tls}));
  return {.interpreter = glibc,
          .needed = {"libmemseal-test-big.so"},
          .runpath = "$ORIGIN"};
}

TEST_F(PlanTest, libraries_that_want_much_storage_get_a_surplus) {
  request_.options.inheritance = Inheritance::children_unsealed;
  folder_.write("big", elf_file(with_library(folder_, 1024)));
  EXPECT_EQ(value(plan("big"), "GLIBC_TUNABLES"), "-");
  folder_.write("big", elf_file(with_library(folder_, 1025)));
  // 1,025 and what dlopen needs, in units of 64.
  EXPECT_EQ(value(plan("big"), "GLIBC_TUNABLES"),
            "glibc.rtld.optional_static_tls=1344");
  folder_.write("big", elf_file(with_library(folder_, 4096 - 256)));
  EXPECT_EQ(plan("big").method, Method::audit);
}

TEST_F(PlanTest, libraries_that_want_too_much_storage_are_not_audited) {
  folder_.write("big", elf_file(with_library(folder_, 4096 - 255)));
  EXPECT_EQ(plan("big").method, Method::preload);
  request_.options.requirement = Requirement::required;
  EXPECT_EQ(obstacle("big"), Obstacle::no_dlopen);
  request_.options.dlopen = DlopenPolicy::skip;
  EXPECT_EQ(plan("big").method, Method::preload);
  request_.how = How::audit;
  EXPECT_EQ(obstacle("big"), Obstacle::no_room_for_tls);
}

TEST_F(PlanTest, the_users_own_tunables_stay_and_the_larger_surplus_wins) {
  struct {
    const char *before, *after;
  } const cases[] = {
      {"a=1", "a=1:glibc.rtld.optional_static_tls=4096"},
      {"a=1:b=2", "a=1:b=2:glibc.rtld.optional_static_tls=4096"},
      {"glibc.rtld.optional_static_tls=512",
       "glibc.rtld.optional_static_tls=4096"},
      {"glibc.rtld.optional_static_tls=512:b=2",
       "b=2:glibc.rtld.optional_static_tls=4096"},
      {"a=1:glibc.rtld.optional_static_tls=512",
       "a=1:glibc.rtld.optional_static_tls=4096"},
      {"a=1:glibc.rtld.optional_static_tls=512:b=2",
       "a=1:b=2:glibc.rtld.optional_static_tls=4096"},
      {"glibc.rtld.optional_static_tls=8192",
       "glibc.rtld.optional_static_tls=8192"},
      {"glibc.rtld.optional_static_tlsx=9000",
       "glibc.rtld.optional_static_tlsx=9000:"
       "glibc.rtld.optional_static_tls=4096"},
  };
  for (const auto &c : cases)
    EXPECT_EQ(value(plan("glibc", {std::string("GLIBC_TUNABLES=") + c.before}),
                    "GLIBC_TUNABLES"),
              c.after);
}

TEST_F(PlanTest, the_module_comes_first_and_others_stay) {
  EXPECT_EQ(value(plan("glibc", {"LD_AUDIT=/x/other.so"}), "LD_AUDIT"),
            part("libmemseal-audit.so") + ":/x/other.so");
  EXPECT_EQ(value(plan("musl", {"LD_PRELOAD=/x/other.so"}), "LD_PRELOAD"),
            part("libmemseal-preload.so") + ":/x/other.so");
}

TEST_F(PlanTest, the_module_is_named_once_however_it_is_spelled) {
  std::filesystem::create_directory(folder_.at("here/in"));
  std::filesystem::create_symlink(part("libmemseal-audit.so"),
                                  folder_.at("link.so"));
  for (const std::string &there :
       {part("libmemseal-audit.so"), part("in/../libmemseal-audit.so"),
        folder_.at("link.so"), "/x/other.so:" + part("libmemseal-audit.so")})
    EXPECT_EQ(value(plan("glibc", {"LD_AUDIT=" + there}), "LD_AUDIT"), there);
  // Control: a name that only begins alike is another library.
  std::string backup = part("libmemseal-audit.so") + ".old";
  EXPECT_EQ(value(plan("glibc", {"LD_AUDIT=" + backup}), "LD_AUDIT"),
            part("libmemseal-audit.so") + ":" + backup);
}

TEST_F(PlanTest, a_module_that_is_not_there_is_told) {
  std::filesystem::remove(part("libmemseal-audit.so"));
  EXPECT_EQ(obstacle("glibc"), Obstacle::module_missing);
  EXPECT_EQ(plan("musl").method, Method::preload);  // control
}

// The loader would take it for the end of the path.
TEST_F(PlanTest, a_module_whose_path_holds_a_separator_is_told) {
  for (const char *name : {"/a b", "/a:b", "/a;b"}) {
    install(folder_.path() + name);
    EXPECT_EQ(obstacle("glibc"), Obstacle::module_name) << name;
  }
  install(folder_.path() + "/a-b");
  EXPECT_EQ(plan("glibc").method, Method::audit);  // control
}

TEST_F(PlanTest, valgrind_runs_what_cannot_be_sealed_and_that_is_said) {
  folder_.write("valgrind", elf_file({.interpreter = glibc}));
  Plan made = plan("valgrind");
  EXPECT_NE(made.remark, nullptr);
  EXPECT_EQ(value(made, "MEMSEAL_OPTIONS"), "engine=native;no-inherit");
  request_.options.requirement = Requirement::required;
  EXPECT_EQ(obstacle("valgrind"), Obstacle::interpreter);
}

TEST_F(PlanTest, a_script_through_env_needs_children_that_are_sealed) {
  folder_.write("env", elf_file({.interpreter = glibc}));
  folder_.write("script", "#!" + folder_.at("env") + " python\n");
  EXPECT_EQ(plan("script").method, Method::audit);
  EXPECT_EQ(plan("script").path, folder_.at("script"));
  request_.options.inheritance = Inheritance::children_unsealed;
  EXPECT_EQ(obstacle("script"), Obstacle::env_script);
  EXPECT_EQ(plan("glibc").method, Method::audit);  // control
}

TEST_F(PlanTest, single_types_are_for_filters_of_the_programs_own) {
  request_.options.types = seal_type::mprotect;
  for (Engine engine :
       {Engine::automatic, Engine::native, Engine::keeper, strict_tree}) {
    request_.options.engine = engine;
    EXPECT_EQ(obstacle("glibc"), Obstacle::types_need_filter);
  }
  request_.options.engine = Engine::filter;
  EXPECT_EQ(value(plan("glibc"), "MEMSEAL_OPTIONS"),
            "engine=filter;no-inherit;types=mprotect");
  request_.options.on_violation = OnViolation::kill;
  EXPECT_EQ(obstacle("glibc"), Obstacle::types_need_filter);
}

TEST_F(PlanTest, what_dlclose_would_unmap_is_not_sealed_where_that_kills) {
  request_.options.dlopen = DlopenPolicy::seal;
  for (OnViolation violation : {OnViolation::kill, OnViolation::trap}) {
    request_.options.on_violation = violation;
    EXPECT_EQ(obstacle("glibc"), Obstacle::closing_kills);
  }
  request_.options.on_violation = OnViolation::deny;
  EXPECT_EQ(plan("glibc").method, Method::audit);  // controls
  request_.options.on_violation = OnViolation::kill;
  request_.options.dlopen = DlopenPolicy::pin;
  EXPECT_EQ(plan("glibc").method, Method::audit);
}

TEST_F(PlanTest, the_whole_trees_engines_need_a_keeper_the_others_none) {
  for (Engine engine : {Engine::keeper, strict_tree}) {
    request_.options.engine = engine;
    Plan made = plan("glibc", {"MEMSEAL_UNFILTERED=1"});
    ASSERT_NE(made.keeper, nullptr);
    EXPECT_EQ(made.keeper, part("memseal-tool"));
    EXPECT_FALSE(made.watched);
    EXPECT_EQ(value(made, "MEMSEAL_UNFILTERED"), "-");  // it will have one
  }
  for (Engine engine : {Engine::native, Engine::filter}) {
    request_.options.engine = engine;
    EXPECT_EQ(plan("glibc").keeper, nullptr);
  }
  std::filesystem::remove(part("memseal-tool"));
  request_.options.engine = strict_tree;
  EXPECT_EQ(obstacle("glibc"), Obstacle::module_missing);
}

TEST_F(PlanTest, filters_of_the_programs_own_end_with_it) {
  for (OnViolation violation :
       {OnViolation::deny, OnViolation::kill, OnViolation::trap}) {
    request_.options.on_violation = violation;
    request_.options.engine =
        violation == OnViolation::deny ? Engine::filter : Engine::automatic;
    Plan made = plan("glibc");
    EXPECT_EQ(value(made, "MEMSEAL_FILTER"), "1");
    EXPECT_NE(value(made, "MEMSEAL_OPTIONS").find("no-inherit"),
              std::string::npos);
    EXPECT_EQ(value(made, "GLIBC_TUNABLES"), "-");
    EXPECT_EQ(made.keeper, nullptr);
  }
}

TEST_F(PlanTest, inside_of_such_filters_it_is_said_that_they_stay) {
  Plan made = plan("glibc", {"MEMSEAL_FILTER=1"});
  EXPECT_NE(made.remark, nullptr);
  EXPECT_EQ(plan("glibc").remark, nullptr);  // control
  request_.options.requirement = Requirement::required;
  EXPECT_EQ(obstacle("glibc", {"MEMSEAL_FILTER=1"}), Obstacle::stale_filter);
}

TEST_F(PlanTest, violations_are_told_by_a_keeper_or_by_a_tracer) {
  request_.options.on_violation = OnViolation::report;
  Plan made = plan("glibc");
  EXPECT_EQ(made.method, Method::audit);
  EXPECT_TRUE(made.watched);
  EXPECT_NE(made.keeper, nullptr);
  // A tracer is cheaper, and knows all that is ever sealed.
  request_.options.dlopen = DlopenPolicy::skip;
  EXPECT_EQ(plan("glibc").method, Method::trace);
  request_.how = How::audit;
  EXPECT_EQ(plan("glibc").method, Method::audit);
  request_.how = How::automatic;
  request_.options.dlopen = DlopenPolicy::pin;
  request_.options.engine = Engine::filter;
  EXPECT_EQ(plan("glibc").method, Method::trace);
}

TEST_F(PlanTest, mseal_is_served_to_programs_of_glibc_if_that_was_asked_for) {
  request_.provide = Provide::always;
  Plan made = plan("glibc", {"LD_PRELOAD=/x/other.so"});
  EXPECT_EQ(value(made, "LD_PRELOAD"),
            part("libmemseal-provide.so") + ":/x/other.so");
  EXPECT_EQ(value(made, "MEMSEAL_KEEPER"), part("memseal-tool"));
  EXPECT_EQ(value(made, "MEMSEAL_PROVIDE"), "always");
  EXPECT_EQ(value(plan("musl"), "MEMSEAL_KEEPER"), "-");
  // The module stands before it in one list.
  request_.how = How::preload;
  EXPECT_EQ(
      value(plan("glibc"), "LD_PRELOAD"),
      part("libmemseal-preload.so") + ":" + part("libmemseal-provide.so"));
  std::filesystem::remove(part("libmemseal-provide.so"));
  EXPECT_EQ(obstacle("glibc"), Obstacle::module_missing);
  request_.provide = Provide::automatic;  // nobody asked for it by name
  EXPECT_EQ(plan("glibc").method, Method::preload);
}

TEST_F(PlanTest, a_claim_of_somebody_else_is_not_handed_on) {
  std::string claim =
      value(plan("glibc", {"MEMSEAL_UNFILTERED=1"}), "MEMSEAL_UNFILTERED");
  EXPECT_TRUE(claim == "-" || claim == std::to_string(getpid())) << claim;
}

TEST_F(PlanTest, an_environment_that_is_too_large_is_told) {
  EXPECT_EQ(obstacle("glibc", Strings(40'000, "A=1")), Obstacle::too_large);
  EXPECT_EQ(obstacle("glibc", {"LD_AUDIT=" + std::string(600'000, 'x')}),
            Obstacle::too_large);
}

// S-80
TEST_F(PlanTest, exit_is_checked_by_an_auditor_or_the_program_does_not_start) {
  request_.options.at_exit = AtExit::check;
  EXPECT_EQ(plan("glibc").method, Method::audit);  // control
  EXPECT_EQ(obstacle("static"), Obstacle::no_exit_check);
  request_.how = How::preload;
  EXPECT_EQ(obstacle("glibc"), Obstacle::no_exit_check);
}

}  // namespace
}  // namespace memseal::launch
