// SPDX-License-Identifier: Apache-2.0
//
// Process 1 of a matrix boot. It mounts what tests expect, runs what
// /matrix.list names, one program after another, reports over the serial line
// and switches the machine off.
//
// /matrix.list has one program a line: NAME SECONDS COMMAND [ARGUMENT...],
// separated by single tabs. The report is lines that begin with "@memseal"; all
// between `run NAME` and `end NAME` is what the program wrote:
//
//   @memseal boot 5.10.0-32-cloud-amd64
//   @memseal run unit_vm
//   @memseal end unit_vm exit 0          (or: signal 11, timeout 300)
//   @memseal done
//
// Static, so that it needs nothing of the image but the list.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <sys/io.h>
#endif

#include <net/if.h>
#include <sys/socket.h>

static void mount_all(void) {
  static const struct {
    const char *type, *at, *options;
  } mounts[] = {
      {"proc", "/proc", NULL},     {"sysfs", "/sys", NULL},
      {"devtmpfs", "/dev", NULL},  {"devpts", "/dev/pts", NULL},
      {"tmpfs", "/dev/shm", NULL}, {"tmpfs", "/tmp", "mode=1777"},
      {"tmpfs", "/run", NULL},     {"hugetlbfs", "/dev/hugepages", NULL},
  };
  for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; ++i) {
    // The programs themselves lie there if they were built below /tmp: what is
    // in the image stays in sight.
    if (mkdir(mounts[i].at, 0755) != 0 && rmdir(mounts[i].at) != 0 &&
        errno == ENOTEMPTY && strcmp(mounts[i].at, "/tmp") == 0) {
      chmod("/tmp", 01777);
      continue;
    }
    mkdir(mounts[i].at, 0755);
    if (mount(mounts[i].type, mounts[i].at, mounts[i].type, 0,
              mounts[i].options) != 0)
      printf("mount %s: %s\n", mounts[i].at, strerror(errno));
  }
  // bash's <(...) and scripts that write to /dev/stdout.
  symlink("/proc/self/fd", "/dev/fd");
  symlink("/proc/self/fd/1", "/dev/stdout");
  symlink("/proc/self/fd/2", "/dev/stderr");
}

// Servers that tests start listen on 127.0.0.1.
static void loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
    printf("loopback: %s\n", strerror(errno));
  close(fd);
}

// Waits for `child` and buries orphans meanwhile. Returns whether it ended in
// time; if not, it is killed with all of its session.
static int wait_for(pid_t child, int seconds, int *status) {
  time_t end = time(NULL) + seconds;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  for (;;) {
    pid_t ended;
    while ((ended = waitpid(-1, status, WNOHANG)) > 0) {
      if (ended == child)
        return 1;
    }
    time_t left = end - time(NULL);
    if (left <= 0)
      break;
    struct timespec timeout = {.tv_sec = left};
    sigtimedwait(&set, NULL, &timeout);
  }
  kill(-1, SIGKILL);
  waitpid(child, status, 0);
  return 0;
}

static pid_t start(char **arguments) {
  pid_t child = fork();
  if (child != 0)
    return child;
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  close(null);
  execvp(arguments[0], arguments);
  printf("%s: %s\n", arguments[0], strerror(errno));
  _exit(127);
}

static void run_line(char *line) {
  enum { most = 32 };
  char *words[most + 1];
  int count = 0;
  while (count < most && (words[count] = strsep(&line, "\t")) != NULL)
    ++count;
  words[count] = NULL;
  if (count < 3)
    return;

  int seconds = atoi(words[1]), status = 0;
  printf("\n@memseal run %s\n", words[0]);
  pid_t child = start(words + 2);
  int ended = wait_for(child, seconds, &status);
  printf("\n@memseal end %s ", words[0]);
  if (!ended)
    printf("timeout %d\n", seconds);
  else if (WIFSIGNALED(status))
    printf("signal %d\n", WTERMSIG(status));
  else
    printf("exit %d\n", WEXITSTATUS(status));
}

static void run_list(void) {
  FILE *list = fopen("/matrix.list", "re");
  char line[4096];
  if (list == NULL)
    return;
  while (fgets(line, sizeof line, list) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    run_line(line);
  }
  fclose(list);
}

static void power_off(void) {
  sync();
  // The serial line is a device of its own pace.
  tcdrain(1);
#if defined(__x86_64__)
  // QEMU's isa-debug-exit, at the port the runner gives it; a microvm without
  // ACPI has no other way.
  if (ioperm(0xf4, 4, 1) == 0)
    outl(0, 0xf4);
#endif
  reboot(RB_POWER_OFF);
  reboot(RB_AUTOBOOT);
}

int main(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  mount_all();
  loopback_up();
  setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
  setenv("HOME", "/root", 1);
  setenv("LC_ALL", "C", 1);
  setenv("GTEST_COLOR", "no", 1);

  struct utsname name;
  uname(&name);
  printf("\n@memseal boot %s\n", name.release);
  run_list();
  printf("\n@memseal done\n");
  power_off();
  for (;;)
    pause();
}
