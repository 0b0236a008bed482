#include "service/models/model_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/errors/error_details.h"
#include "service/metrics/front_metrics.h"
#include "service/metrics/sensor_metrics.h"
#include "service/metrics/worker_metrics.h"

namespace bitnet {

void ModelSet::Add(std::unique_ptr<ServedModel> model) {
  by_name_[model->name()] = model.get();
  for (const std::string& alias : model->aliases()) {
    by_name_[alias] = model.get();
  }
  models_.push_back(std::move(model));
}

absl::StatusOr<ServedModel*> ModelSet::Find(const std::string& name) const {
  if (name.empty()) {
    return models_.front().get();
  }
  if (const auto at = by_name_.find(name); at != by_name_.end()) {
    return at->second;
  }
  const auto quote = [](std::string* out, const auto& entry) {
    absl::StrAppend(out, "\"", entry.first, "\"");
  };
  const std::string served = absl::StrJoin(by_name_, ", ", quote);
  return WithReason(
      absl::NotFoundError(absl::StrCat("model is \"", name, "\", which is not served here; served ",
                                       by_name_.size() == 1 ? "is " : "are ", served)),
      "MODEL_NOT_SERVED", {{"served", served}});
}

bool ModelSet::ready() const {
  return std::ranges::any_of(models_, &ServedModel::ready,
                             [](const auto& model) -> const ServedModel& { return *model; }) &&
         std::ranges::all_of(models_,
                             [](const auto& model) { return model->has_been_ready() || model->failed(); });
}

bool ModelSet::all_failed() const {
  return std::ranges::all_of(models_, [](const auto& model) { return model->failed(); });
}

absl::Status ModelSet::CheckReady() const {
  if (ready()) {
    return absl::OkStatus();
  }
  if (models_.size() == 1) {
    return models_.front()->pool().CheckReady();
  }
  std::vector<std::string> problems;
  for (const auto& model : models_) {
    if (absl::Status status = model->pool().CheckReady(); !status.ok()) {
      problems.push_back(absl::StrCat("model ", model->name(), ": ", status.message()));
    }
  }
  return absl::UnavailableError(absl::StrJoin(problems, "; "));
}

std::vector<WorkerPool::View> ModelSet::Views() const {
  std::vector<WorkerPool::View> all;
  for (const auto& model : models_) {
    std::ranges::move(model->pool().Views(), std::back_inserter(all));
  }
  return all;
}

void ModelSet::SetAllowances(std::span<const WorkerAllowance> allowances) {
  for (const auto& model : models_) {
    const size_t workers = model->pool().size();
    model->pool().SetAllowances(allowances.first(workers));
    allowances = allowances.subspan(workers);
  }
}

std::vector<prometheus::MetricFamily> ModelSet::Collect() const {
  std::vector<v1::Model> known;
  for (const auto& model : models_) {
    if (absl::StatusOr<v1::Model> facts = model->Facts(); facts.ok()) {
      known.push_back(*std::move(facts));
    }
  }
  std::vector<prometheus::MetricFamily> families = ModelFamilies(known);
  const std::vector<WorkerPool::View> views = Views();
  std::ranges::move(WorkerFamilies(views), std::back_inserter(families));
  std::ranges::move(SensorFamilies(views), std::back_inserter(families));
  return families;
}

}  // namespace bitnet
