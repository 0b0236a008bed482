// Which file each worker of a model loads when it starts next.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace bitnet {

// Safe to share between threads.
class WorkerFiles {
 public:
  WorkerFiles(size_t num_workers, const std::string& path) : files_(num_workers, File{.path = path}) {}

  std::string path(size_t worker) const {
    const absl::MutexLock lock(&mutex_);
    return files_[worker].path;
  }
  // From its next start on.
  void Assign(size_t worker, const std::string& path) {
    const absl::MutexLock lock(&mutex_);
    files_[worker] = {.path = path};
  }
  void AssignAll(const std::string& path) {
    const absl::MutexLock lock(&mutex_);
    for (File& file : files_) {
      file = {.path = path};
    }
  }
  // As Assign; but if it cannot load that file it goes back to the one it has now.
  void Try(size_t worker, const std::string& path) {
    const absl::MutexLock lock(&mutex_);
    files_[worker] = {.path = path, .before = files_[worker].path};
  }
  // The worker could not load its file: whether there is one to go back to, which is then its file.
  bool GoBack(size_t worker) {
    const absl::MutexLock lock(&mutex_);
    File& file = files_[worker];
    if (file.before.empty()) {
      return false;
    }
    file = {.path = file.before};
    return true;
  }

 private:
  struct File {
    std::string path;
    std::string before = {};
  };
  mutable absl::Mutex mutex_;
  std::vector<File> files_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace bitnet
