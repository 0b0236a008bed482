#include "tests/worker/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "absl/strings/str_split.h"

extern char** environ;

namespace bitnet {
namespace {

// Numbers in the child; those of the parent are higher, so that dup2 never meets its own source.
constexpr int kReadyFd = 3;
constexpr int kParentFd = 4;
constexpr int kFirstOwnFd = 10;

struct Pipe {
  int read_fd;
  int write_fd;
};

Pipe MakePipe() {
  int fds[2];
  if (pipe(fds) != 0) std::abort();
  const Pipe high = {fcntl(fds[0], F_DUPFD_CLOEXEC, kFirstOwnFd),
                     fcntl(fds[1], F_DUPFD_CLOEXEC, kFirstOwnFd)};
  close(fds[0]);
  close(fds[1]);
  return high;
}

}  // namespace

WorkerProcess::WorkerProcess(std::vector<std::string> arguments) {
  std::vector<std::string> words = absl::StrSplit(BITNET_WORKER_COMMAND, ',');
  words.insert(words.end(), arguments.begin(), arguments.end());
  for (const std::string& word : {std::string("--ready-fd"), std::to_string(kReadyFd),
                                  std::string("--parent-fd"), std::to_string(kParentFd)}) {
    words.push_back(word);
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const Pipe ready = MakePipe();
  const Pipe parent = MakePipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ready.write_fd, kReadyFd);
  posix_spawn_file_actions_adddup2(&actions, parent.read_fd, kParentFd);
  if (posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) std::abort();
  posix_spawn_file_actions_destroy(&actions);
  close(ready.write_fd);
  close(parent.read_fd);
  ready_fd_ = ready.read_fd;
  parent_fd_ = parent.write_fd;
}

WorkerProcess::~WorkerProcess() {
  if (pid_ > 0) {
    Kill(SIGKILL);
    Wait();
  }
  CloseParentPipe();
  close(ready_fd_);
}

std::string WorkerProcess::ReadLine() {
  std::string line;
  char c;
  while (read(ready_fd_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

void WorkerProcess::Kill(int signal) { kill(pid_, signal); }

void WorkerProcess::CloseParentPipe() {
  if (parent_fd_ >= 0) close(parent_fd_);
  parent_fd_ = -1;
}

Ending WorkerProcess::Wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  Ending ending;
  if (WIFEXITED(status)) {
    ending.exit_code = WEXITSTATUS(status);
  } else {
    ending.signal = WTERMSIG(status);
  }
  return ending;
}

}  // namespace bitnet
