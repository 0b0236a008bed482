#include "service/supervisor/supervisor.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "service/supervisor/worker_command.h"

namespace bitnet {

namespace {

// Adapters of the flags belong to the first file; they may not fit another, where the AdapterSet tries them.
ModelSpec WithFile(ModelSpec model, const std::string& path) {
  if (path != model.path) {
    model.path = path;
    model.adapters.clear();
  }
  return model;
}

}  // namespace

Supervisor::Supervisor(const ServiceOptions& options, const ModelSpec& model, WorkerFiles* files,
                       const std::vector<WorkerSpec>& specs, const std::string& run_directory,
                       WorkerObserver* observer, Clock* clock, std::function<void(std::string)> on_all_failed)
    : observer_(observer), clock_(clock), on_all_failed_(std::move(on_all_failed)), left_(specs.size()) {
  for (size_t index = 0; index < specs.size(); ++index) {
    const WorkerSpec& spec = specs[index];
    workers_.push_back(std::make_unique<SupervisedWorker>(
        SupervisedWorker::Config{.index = index,
                                 .name = spec.name,
                                 .run_directory = run_directory,
                                 .command =
                                     [options, model, files, index, spec](const std::string& socket) {
                                       return WorkerCommand(options, WithFile(model, files->path(index)),
                                                            spec, socket);
                                     },
                                 .go_back = [files, index] { return files->GoBack(index); }},
        static_cast<WorkerObserver*>(this), clock_));
  }
}

Supervisor::~Supervisor() { Stop(absl::ZeroDuration()); }

void Supervisor::Stop(absl::Duration grace) {
  for (const auto& worker : workers_) {
    worker->Stop();
  }
  const absl::Time deadline = clock_->Now() + grace;
  for (const auto& worker : workers_) {
    if (!worker->AwaitStopped(deadline)) {
      worker->Kill();
    }
  }
  for (const auto& worker : workers_) {
    worker->AwaitStopped(absl::InfiniteFuture());
  }
}

void Supervisor::KillProcess(size_t worker, const std::string& socket_path, const std::string& why) {
  workers_[worker]->KillProcess(socket_path, why);
}

void Supervisor::RestartProcess(size_t worker, const std::string& socket_path) {
  workers_[worker]->RestartProcess(socket_path);
}

void Supervisor::KillFrozen(absl::Duration elapsed, absl::Duration limit) {
  for (const auto& worker : workers_) {
    worker->KillIfFrozen(elapsed, limit);
  }
}

void Supervisor::OnWorkerStarting(size_t worker, std::optional<RestartReason> again) {
  observer_->OnWorkerStarting(worker, again);
}

absl::Status Supervisor::OnWorkerReady(size_t worker, const std::string& socket_path) {
  return observer_->OnWorkerReady(worker, socket_path);
}

void Supervisor::OnWorkerGone(size_t worker, const std::string& reason, bool permanently) {
  observer_->OnWorkerGone(worker, reason, permanently);
  if (!permanently) {
    return;
  }
  std::string all_failed;
  {
    const absl::MutexLock lock(&mutex_);
    if (first_failure_.empty()) {
      first_failure_ = reason;
    }
    if (--left_ == 0) {
      all_failed = first_failure_;
    }
  }
  if (!all_failed.empty()) {
    on_all_failed_(all_failed);
  }
}

}  // namespace bitnet
