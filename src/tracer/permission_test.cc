// SPDX-License-Identifier: Apache-2.0
// Why a process is not attached to, for the user.
#include "tracer/permission.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "support/in_child.h"

namespace memseal::tracer {
namespace {

process::Process some_process() {
  process::Process process;
  process.pid = 4711;
  process.name = "victim";
  process.program = "/bin/true";
  process.state = 'S';
  return process;
}

std::string refusal(const process::Process &process) {
  auto may = may_be_attached(process);
  return may ? "" : sentence(may.error());
}

TEST(Attaching, is_not_tried_where_it_makes_no_sense) {
  EXPECT_EQ(refusal(some_process()), "");  // control
  process::Process own = some_process();
  own.pid = getpid();
  EXPECT_NE(refusal(own).find("is memseal itself"), std::string::npos);
  process::Process ended = some_process();
  ended.state = 'Z';
  EXPECT_EQ(refusal(ended), "process 4711 (victim) has ended");
  process::Process traced = some_process();
  traced.tracer = 4712;
  EXPECT_NE(refusal(traced).find("is traced by process 4712"),
            std::string::npos);
  process::Process strict = some_process();
  strict.seccomp_mode = 1;
  EXPECT_NE(refusal(strict).find("strict seccomp mode"), std::string::npos);
  strict.seccomp_mode = 2;  // a filter: it will be asked
  EXPECT_EQ(refusal(strict), "");
}

TEST(Attaching, that_the_kernel_refused_is_explained) {
  process::Process process = some_process();
  EXPECT_EQ(why_not_traced(process, ESRCH), "process 4711 (victim) has ended");
  EXPECT_NE(why_not_traced(process, EIO).find("Input/output error"),
            std::string::npos);
  process.program = "";
  EXPECT_NE(why_not_traced(process, EPERM).find("is a kernel thread"),
            std::string::npos);
}

TEST(Attaching, to_another_users_process_is_that_users_and_roots) {
  char name[] = "/tmp/memseal-setuid-XXXXXX";
  int fd = mkstemp(name);
  ASSERT_NE(fd, -1);
  fchmod(fd, 04755);
  close(fd);
  test::in_child([&] {
    if (geteuid() == 0)
      CHILD_ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
    process::Process other = some_process();
    other.user = {1, 1, 1, true};
    CHILD_ASSERT_NE(why_not_traced(other, EPERM).find("belongs to user 1"),
                    std::string::npos);
    other.user.real = geteuid();  // it changed its effective user only
    CHILD_ASSERT_NE(why_not_traced(other, EPERM).find("belongs to user"),
                    std::string::npos);
    other.program = name;
    CHILD_ASSERT_NE(why_not_traced(other, EPERM).find("setuid or setgid"),
                    std::string::npos);
    process::Process mine = some_process();
    mine.user = {geteuid(), geteuid(), geteuid(), true};
    CHILD_ASSERT_EQ(why_not_traced(mine, EPERM).find("belongs to user"),
                    std::string::npos);
  });
  unlink(name);
}

}  // namespace
}  // namespace memseal::tracer
