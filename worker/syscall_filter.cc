#include "worker/syscall_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <memory>

#include "absl/strings/str_cat.h"

namespace bitnet {
namespace {

// What is not here is refused. A list of what is forbidden would be shorter today, and wrong with the next
// kernel. Names that an architecture lacks (arm64 has pipe2 but no pipe) are left out there by libseccomp.
constexpr int kAllowed[] = {
    // Descriptors: open files, pipes of the supervisor, standard error.
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(lseek),
    SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(fadvise64), SCMP_SYS(pipe), SCMP_SYS(pipe2),
    // Names of files; openat is below.
    SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
    SCMP_SYS(getdents64),
    // Memory. Executable, too: tokenizers' regular expressions are compiled to machine code.
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
    SCMP_SYS(mlock), SCMP_SYS(munlock),
    // Threads; clone is below.
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(gettid), SCMP_SYS(getpid),
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(getcpu), SCMP_SYS(membarrier),
    // Signals to this process.
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
    // Waiting, and time, where the kernel has no faster way to tell it.
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    // Sockets that others connect to; socket is below, and connect is missing: there is nobody to call.
    SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(shutdown), SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(recvfrom),
    // About the machine and this process.
    SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom), SCMP_SYS(getrusage), SCMP_SYS(times),
    SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid)};

class Filter {
 public:
  // An error of any step is kept, and what follows it does nothing.
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release) {
    if (context_ == nullptr) {
      error_ = -ENOMEM;
    }
  }
  void Set(scmp_filter_attr attribute, uint32_t value) {
    if (error_ == 0) error_ = seccomp_attr_set(context_.get(), attribute, value);
  }
  // Where all of `conditions` hold.
  void Add(uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    if (error_ == 0) {
      error_ = seccomp_rule_add_array(context_.get(), action, call, static_cast<unsigned>(conditions.size()),
                                      conditions.begin());
    }
  }
  int Load() { return error_ == 0 ? seccomp_load(context_.get()) : error_; }

 private:
  const std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int error_ = 0;
};

// Calls that depend on what they are asked for.
void AddConditional(Filter& filter) {
  // For reading only. Any file, since an operator may load adapters from anywhere.
  constexpr scmp_datum_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(openat), {SCMP_A2(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY)});
  // Streams, which need a connection: a datagram would find its way without.
  constexpr scmp_datum_t kType = ~static_cast<scmp_datum_t>(SOCK_CLOEXEC | SOCK_NONBLOCK);
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(socket),
             {SCMP_A0(SCMP_CMP_EQ, AF_UNIX), SCMP_A1(SCMP_CMP_MASKED_EQ, kType, SOCK_STREAM)});
  // Threads and no processes. clone3 keeps its flags in memory, where no filter sees them: the C library
  // takes clone if there is none.
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(clone), {SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)});
  filter.Add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // abort() and the like; nobody else.
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), {SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()))});
  // Blocking or not; not the owner, to whom the kernel would send signals.
  for (const int command : {F_GETFD, F_SETFD, F_GETFL, F_SETFL}) {
    filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), {SCMP_A1(SCMP_CMP_EQ, static_cast<scmp_datum_t>(command))});
  }
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {SCMP_A1(SCMP_CMP_EQ, TCGETS)});  // isatty().
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), {SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)});
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64),
             {SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0)});  // To ask, not to set.
  // Whoever tries this is not the worker any more.
  filter.Add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(execve));
  filter.Add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(execveat));
}

}  // namespace

absl::Status LoadSyscallFilter() {
#ifdef __SANITIZE_ADDRESS__
  return absl::UnimplementedError("the leak checker in this build traces its own process");
#endif
  Filter filter;
  filter.Set(SCMP_FLTATR_CTL_TSYNC, 1);
  filter.Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // A search tree instead of a list.
  // Older kernels slow down all that is filtered, against a leak to code that a browser would run and we do
  // not.
  filter.Set(SCMP_FLTATR_CTL_SSB, 1);
  filter.Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  for (const int call : kAllowed) {
    filter.Add(SCMP_ACT_ALLOW, call);
  }
  AddConditional(filter);
  if (const int error = filter.Load(); error != 0) {
    return absl::UnimplementedError(
        absl::StrCat("the system did not take the filter: ", absl::ErrnoToStatus(-error, "").message()));
  }
  return absl::OkStatus();
}

}  // namespace bitnet
