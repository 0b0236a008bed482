#include "worker/sandbox.h"

#include <gtest/gtest.h>

#ifdef __linux__
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tests/worker/temp_dir.h"
#endif

namespace bitnet {
namespace {

#ifdef __linux__

// What a call in the sandbox came to.
struct Outcome {
  int error = 0;   // errno, if it failed.
  int signal = 0;  // That ended the process, if one did.
};

// Enters the sandbox in a process of its own, and calls `body` there: it returns 0 or -1, as system calls do.
Outcome InSandbox(const std::function<long()>& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    signal(SIGSYS, SIG_DFL);
    static_cast<void>(EnterSandbox());
    errno = 0;
    _exit(body() < 0 ? errno : 0);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? Outcome{.error = WEXITSTATUS(status)} : Outcome{.signal = WTERMSIG(status)};
}

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_ADDRESS__
    GTEST_SKIP() << "the address sanitizer's build has no filter";
#endif
    if (prctl(PR_GET_SECCOMP) < 0) {
      GTEST_SKIP() << "this kernel, or the emulator, does not filter system calls";
    }
  }

  TempDir directory_;
};

TEST_F(SandboxTest, HasNoNetwork) {
  for (const int family : {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET}) {
    EXPECT_EQ(InSandbox([=] { return socket(family, SOCK_DGRAM, 0); }).error, EPERM) << family;
    EXPECT_EQ(InSandbox([=] { return socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0); }).error, EPERM)
        << family;
  }
}

TEST_F(SandboxTest, CallsNobody) {
  // It has no answer to give: a Unix socket may be a display's, a container engine's, another worker's.
  const std::string path = directory_ / "other.sock";
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const int other = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(other, name, sizeof(address)), 0);
  ASSERT_EQ(listen(other, 1), 0);
  EXPECT_EQ(InSandbox([=] { return connect(socket(AF_UNIX, SOCK_STREAM, 0), name, sizeof(address)); }).error,
            EPERM);
  EXPECT_EQ(InSandbox([] { return socket(AF_UNIX, SOCK_DGRAM, 0); }).error, EPERM);
  close(other);
}

TEST_F(SandboxTest, AcceptsConnectionsToUnixSockets) {
  const std::string path = directory_ / "w.sock";
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  std::string received(5, '\0');
  std::thread client([&] {
    char byte;
    if (read(ready[0], &byte, 1) != 1) return;
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, name, sizeof(address)) == 0) {
      static_cast<void>(read(fd, received.data(), received.size()));
    }
    close(fd);
  });
  const Outcome outcome = InSandbox([&]() -> long {
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, name, sizeof(address)) != 0 || listen(listener, 1) != 0) return -1;
    if (write(ready[1], "!", 1) != 1) return -1;
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    return send(fd, "hello", 5, 0);
  });
  close(ready[1]);  // Should it have failed: the client need not wait.
  client.join();
  close(ready[0]);
  EXPECT_EQ(outcome.error, 0) << std::strerror(outcome.error);
  EXPECT_EQ(received, "hello");
}

TEST_F(SandboxTest, WritesNoFilesAndRemovesNone) {
  const std::string path = directory_ / "file";
  close(open(path.c_str(), O_WRONLY | O_CREAT, 0600));
  const char* file = path.c_str();
  for (const int flags : {O_WRONLY, O_RDWR, O_RDONLY | O_CREAT, O_RDONLY | O_TRUNC, O_WRONLY | O_APPEND}) {
    EXPECT_EQ(InSandbox([=] { return open(file, flags, 0600); }).error, EPERM) << flags;
  }
  EXPECT_EQ(InSandbox([=] { return unlink(file); }).error, EPERM);
  EXPECT_EQ(InSandbox([=] { return rename(file, (std::string(file) + "2").c_str()); }).error, EPERM);
  EXPECT_EQ(InSandbox([=] { return truncate(file, 0); }).error, EPERM);
  EXPECT_EQ(InSandbox([=] { return chmod(file, 0777); }).error, EPERM);
  EXPECT_EQ(InSandbox([=] { return mkdir((std::string(file) + "3").c_str(), 0700); }).error, EPERM);
}

TEST_F(SandboxTest, ReadsFiles) {
  const std::string path = directory_ / "file";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(write(fd, "text", 4), 4);
  close(fd);
  const Outcome outcome = InSandbox([&]() -> long {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    char text[4];
    struct stat info;
    if (fstat(file, &info) != 0 || pread(file, text, 4, 0) != 4) return -1;
    return mmap(nullptr, 4, PROT_READ, MAP_SHARED, file, 0) == MAP_FAILED ? -1 : 0;
  });
  EXPECT_EQ(outcome.error, 0) << std::strerror(outcome.error);
}

TEST_F(SandboxTest, DiesWhenItStartsAnotherProgram) {
  const Outcome outcome = InSandbox([] { return execl("/bin/true", "true", nullptr); });
  EXPECT_EQ(outcome.signal, SIGSYS);
}

TEST_F(SandboxTest, StartsThreadsAndNoProcesses) {
  const Outcome threads = InSandbox([]() -> long {
    int result = -1;
    std::thread([&result] { result = 0; }).join();
    return result;
  });
  EXPECT_EQ(threads.error, 0) << std::strerror(threads.error);
  EXPECT_EQ(InSandbox([] { return fork(); }).error, EPERM);
  EXPECT_EQ(InSandbox([] { return vfork(); }).error, EPERM);
}

TEST_F(SandboxTest, LeavesOtherProcessesAlone) {
  EXPECT_EQ(InSandbox([] { return kill(getppid(), 0); }).error, EPERM);
  EXPECT_EQ(InSandbox([] { return syscall(SYS_tgkill, 1, 1, 0); }).error, EPERM);
  EXPECT_EQ(InSandbox([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }).error, EPERM);
  EXPECT_EQ(InSandbox([] { return fcntl(0, F_SETOWN, 1); }).error, EPERM);
}

TEST_F(SandboxTest, CanStillAbort) {
  EXPECT_EQ(InSandbox([]() -> long { abort(); }).signal, SIGABRT);
}

TEST_F(SandboxTest, HasNoWayAroundTheKernelsChecks) {
  for (const long call : {SYS_bpf, SYS_mount, SYS_io_uring_setup, SYS_userfaultfd, SYS_keyctl, SYS_setns,
                          SYS_unshare, SYS_process_vm_readv, SYS_memfd_create, SYS_perf_event_open}) {
    EXPECT_EQ(InSandbox([=] { return syscall(call, 0, 0, 0, 0, 0); }).error, EPERM) << call;
  }
}

TEST_F(SandboxTest, HoldsForThreadsThatRanBefore) {
  const pid_t pid = fork();
  if (pid == 0) {
    int entered[2];
    if (pipe(entered) != 0) _exit(2);
    int error = 0;
    std::thread before([&] {
      char byte;
      if (read(entered[0], &byte, 1) != 1) _exit(3);
      error = socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
    });
    static_cast<void>(EnterSandbox());
    if (write(entered[1], "!", 1) != 1) _exit(4);
    before.join();
    _exit(error == EPERM ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(SandboxTest, LowersLimitsForGood) {
  const Outcome outcome = InSandbox([]() -> long {
    rlimit core, files;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || getrlimit(RLIMIT_NOFILE, &files) != 0) return -1;
    if (core.rlim_max != 0 || files.rlim_max > 1024) _exit(255);
    return setrlimit(RLIMIT_CORE, &core);
  });
  EXPECT_EQ(outcome.error, EPERM);
}

TEST_F(SandboxTest, SaysWhatIsInForceAndWhatIsNot) {
  const pid_t pid = fork();
  if (pid == 0) {
    const Sandbox first = EnterSandbox();
    const Sandbox second = EnterSandbox();  // The filter of the first one forbids another.
    const bool told = first.missing.empty() && second.missing.size() > 1 &&
                      first.in_force.size() == second.in_force.size() + second.missing.size();
    _exit(told ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#endif

}  // namespace
}  // namespace bitnet
