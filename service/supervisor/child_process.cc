#include "service/supervisor/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

extern char** environ;

namespace bitnet {
namespace {

// Above every descriptor a child is given, so that no dup2 in it overwrites one that is still needed.
constexpr int kFirstOwnFd = 16;

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  ~Fd() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

struct Pipe {
  Fd read;
  Fd write;
};

absl::StatusOr<Pipe> OpenPipe() {
  int fds[2];
  if (pipe(fds) != 0) {
    return absl::ErrnoToStatus(errno, "pipe");
  }
  const Fd low_read(fds[0]);
  const Fd low_write(fds[1]);
  Pipe pipe{Fd(fcntl(fds[0], F_DUPFD_CLOEXEC, kFirstOwnFd)), Fd(fcntl(fds[1], F_DUPFD_CLOEXEC, kFirstOwnFd))};
  if (pipe.read.get() < 0 || pipe.write.get() < 0) {
    return absl::ErrnoToStatus(errno, "fcntl(F_DUPFD_CLOEXEC)");
  }
  return pipe;
}

// How "everything but these is closed" is said differs: glibc closes a range in the child, Apple's
// posix_spawn takes close-on-exec for granted and is told what to keep.
#if defined(__APPLE__)
constexpr short kSpawnFlags = POSIX_SPAWN_CLOEXEC_DEFAULT;
void CloseTheRest(posix_spawn_file_actions_t* actions) {
  for (int fd = 0; fd <= kChildParentFd; ++fd) {
    posix_spawn_file_actions_addinherit_np(actions, fd);
  }
}
#else
constexpr short kSpawnFlags = 0;
void CloseTheRest(posix_spawn_file_actions_t* actions) {
  posix_spawn_file_actions_addclosefrom_np(actions, kChildParentFd + 1);
}
#endif

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::vector<std::string>& arguments) {
  // Between pipe() and its close-on-exec copy no other child may start.
  ABSL_CONST_INIT static absl::Mutex one_at_a_time(absl::kConstInit);
  const absl::MutexLock lock(&one_at_a_time);

  ASSIGN_OR_RETURN(Pipe ready, OpenPipe());
  ASSIGN_OR_RETURN(Pipe parent, OpenPipe());

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ready.write.get(), kChildReadyFd);
  posix_spawn_file_actions_adddup2(&actions, parent.read.get(), kChildParentFd);
  CloseTheRest(&actions);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, static_cast<short>(kSpawnFlags | POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);

  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", arguments[0]));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, ready.read.Release(), parent.write.Release()));
}

ChildProcess::~ChildProcess() {
  assert([&] {
    const absl::MutexLock lock(&mutex_);
    return ended_;
  }());
  close(ready_fd_);
  close(parent_fd_);
}

bool ChildProcess::ReadLine(std::string* line) {
  for (;;) {
    if (const size_t end = unread_.find('\n'); end != std::string::npos) {
      *line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return true;
    }
    char bytes[512];
    const ssize_t size = read(ready_fd_, bytes, sizeof(bytes));
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0) {
      return false;
    }
    unread_.append(bytes, static_cast<size_t>(size));
  }
}

int ChildProcess::WaitForExit() {
  // First without burying it: until then its number is its own, and Signal() cannot hit a stranger.
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  const absl::MutexLock lock(&mutex_);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
  return status;
}

bool ChildProcess::IsStopped() {
  const absl::MutexLock lock(&mutex_);
  siginfo_t info = {};
  return !ended_ && waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOWAIT | WNOHANG) == 0 &&
         info.si_pid != 0;
}

void ChildProcess::Signal(int signal) {
  const absl::MutexLock lock(&mutex_);
  if (!ended_) {
    kill(pid_, signal);
  }
}

std::string DescribeExit(int wait_status) {
  if (WIFEXITED(wait_status)) {
    return absl::StrCat("exit code ", WEXITSTATUS(wait_status));
  }
  const int signal = WTERMSIG(wait_status);
  return absl::StrCat("signal ", signal, " (", strsignal(signal), ")",
                      signal == SIGKILL ? ", out of memory perhaps" : "");
}

}  // namespace bitnet
