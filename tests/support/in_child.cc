// SPDX-License-Identifier: Apache-2.0
#include "support/in_child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace memseal::test {
namespace {

constexpr int failed_check = 99, time_is_over = 2000, by_signal = 1000;

/// What a child tells the test, in memory that both see.
struct Note {
  enum Kind : int { nothing, being_written, failure, skip };
  std::atomic<int> kind;
  char file[512];
  int line;
  char text[1024];
  // Of the last check reached. The string is the program's own: a forked child
  // has it where the test has it.
  std::atomic<const char *> reached_file;
  std::atomic<int> reached_line;
};

/// Of the test's child, which shares it with its own children; null outside.
Note *current_note = nullptr;

void copy(std::span<char> to, std::string_view from) {
  std::size_t size = std::min(from.size(), to.size() - 1);
  std::memcpy(to.data(), from.data(), size);
  to[size] = '\0';
}

[[noreturn]] void note(Note::Kind kind, const char *file, int line,
                       std::string_view text) {
  int nothing = Note::nothing;
  if (current_note == nullptr) {  // an executed image, or no child at all
    std::fprintf(stderr, "%s:%d: %.*s\n", file, line,
                 static_cast<int>(text.size()), text.data());
  } else if (current_note->kind.compare_exchange_strong(nothing,
                                                        Note::being_written)) {
    copy(current_note->file, file);
    current_note->line = line;
    copy(current_note->text, text);
    current_note->kind = kind;
  }
  _exit(failed_check);
}

/// The memory for notes of one call of in_child; within a child, its own.
class Notebook {
public:
  Notebook() : outermost_(current_note == nullptr) {
    if (!outermost_)
      return;
    void *at = mmap(nullptr, sizeof(Note), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
      std::abort();
    current_note = static_cast<Note *>(at);
  }
  ~Notebook() {
    if (!outermost_)
      return;
    munmap(current_note, sizeof(Note));
    current_note = nullptr;
  }
  Notebook(const Notebook &) = delete;
  Notebook &operator=(const Notebook &) = delete;

  const Note &note() const { return *current_note; }
  bool outermost() const { return outermost_; }

private:
  bool outermost_;
};

int run(const std::function<int()> &body, int seconds) {
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    alarm(static_cast<unsigned>(seconds));
    int outcome = body();
    std::fflush(nullptr);
    _exit(outcome);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child)
    std::abort();
  if (WIFSIGNALED(status))
    return WTERMSIG(status) == SIGALRM ? time_is_over
                                       : by_signal + WTERMSIG(status);
  return WEXITSTATUS(status);
}

std::string end_of_child(int outcome, int seconds, const Note &note) {
  std::string text = "the child ";
  if (outcome == time_is_over)
    text += "ran over " + std::to_string(seconds) + " s";
  else if (outcome > by_signal)
    text += std::string("was ended by SIG") + sigabbrev_np(outcome - by_signal);
  else
    text += "exited with " + std::to_string(outcome);
  if (note.reached_file == nullptr)
    return text + " before any check";
  return text + "; its last check: " + note.reached_file.load() + ":" +
         std::to_string(note.reached_line.load());
}

/// Whether the child's note says how the test ends.
bool take_note(const Note &note) {
  if (note.kind == Note::failure)
    ADD_FAILURE_AT(note.file, note.line) << note.text;
  return note.kind != Note::nothing;
}

void skip(const char *why) {
  GTEST_SKIP() << why;
}

}  // namespace

void child_reaches(const char *file, int line) {
  if (current_note == nullptr)
    return;
  current_note->reached_line = line;
  current_note->reached_file = file;
}

void child_fails(const char *file, int line, std::string_view text) {
  note(Note::failure, file, line, text);
}

void child_skips(std::string_view why) {
  note(Note::skip, "", 0, why);
}

std::string_view errno_name(long long number) {
  const char *name = number > 0 && number < 4096
                         ? strerrorname_np(static_cast<int>(number))
                         : nullptr;
  return name == nullptr ? "" : name;
}

void in_child(const std::function<void()> &body, int seconds,
              std::source_location where) {
  Notebook notebook;
  int outcome = run([&body] { return body(), 0; }, seconds);
  const char *file = where.file_name();
  int line = static_cast<int>(where.line());
  std::string end = end_of_child(outcome, seconds, notebook.note());
  if (!notebook.outermost()) {
    if (outcome != 0)
      child_fails(file, line, end);
    return;
  }
  if (notebook.note().kind == Note::skip)
    skip(notebook.note().text);
  else if (!take_note(notebook.note()) && outcome != 0)
    ADD_FAILURE_AT(file, line) << end;
}

int outcome_in_child(const std::function<int()> &body, int seconds) {
  Notebook notebook;
  int outcome = run(body, seconds);
  if (notebook.outermost() && take_note(notebook.note()))
    return failed_check;
  return outcome;
}

}  // namespace memseal::test
