// The models of a front, by name.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "prometheus/metric_family.h"
#include "service/models/served_model.h"

namespace bitnet {

// Fixed once it is filled; then safe to share between threads.
class ModelSet {
 public:
  // The first one is the default. Its names are not taken (PlanModels).
  void Add(std::unique_ptr<ServedModel> model);

  // By its name or an alias; empty: the default. NOT_FOUND tells which there are.
  absl::StatusOr<ServedModel*> Find(const std::string& name) const;
  ServedModel& default_model() const { return *models_.front(); }
  const std::vector<std::unique_ptr<ServedModel>>& models() const { return models_; }

  // Whether a front with them takes requests: since each model that can be served has had a worker, and as
  // long as any has one. What a single model lacks for a moment its requests wait for.
  bool ready() const;
  bool all_failed() const;
  // OK, or why not ready().
  absl::Status CheckReady() const;
  // Of all workers, model by model.
  std::vector<WorkerPool::View> Views() const;
  // One for each worker, in the order of Views.
  void SetAllowances(std::span<const WorkerAllowance> allowances);
  // What is known of the models, and the workers' own numbers, as they last told them.
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  std::vector<std::unique_ptr<ServedModel>> models_;
  std::map<std::string, ServedModel*> by_name_;  // And by alias.
};

}  // namespace bitnet
