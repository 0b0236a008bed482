// A machine that is computed: answers, watts and heat, second by second.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "proto/bitnet/worker/v1/worker.pb.h"
#include "service/router/route.h"
#include "service/router/worker_allowance.h"

namespace bitnet {

// Takes 4 W, and some for each answer that runs, a little more when it is hot; has a heat capacity behind a
// thermal resistance (time constant four minutes). Answers come at random, are 5 to 40 s of work on a
// performance core, and go where the router sends them.
class SimulatedChip {
 public:
  struct Cluster {
    CoreKind kind = CoreKind::kUnknown;
    int capacity = 16;  // Answers at once.
    double watts = 3;   // For each.
    double speed = 1;   // Of each.
    WorkerAllowance allowed = {};
    int running() const { return static_cast<int>(running_work.size()); }
    std::vector<double> running_work = {};  // Seconds left at speed 1.
    std::vector<double> waiting_work = {};
  };

  SimulatedChip(std::vector<Cluster> clusters, unsigned seed) : clusters_(std::move(clusters)), rng_(seed) {}

  // What each cluster's worker may do from now on.
  void Allow(std::span<const WorkerAllowance> allowed) {
    for (size_t i = 0; i < clusters_.size(); ++i) clusters_[i].allowed = allowed[i];
  }

  // What programs beside the workers take.
  void set_other_watts(double watts) { other_watts_ = watts; }

  // A second.
  void Run(double arrivals_per_second) {
    std::poisson_distribution<int> arrivals(arrivals_per_second);
    for (int i = arrivals(rng_); i > 0; --i) {
      const double work = 5 + static_cast<double>(rng_() % 36);
      if (waiting() < 100) Choose(work).waiting_work.push_back(work);
    }
    double watts = 4 + other_watts_;
    for (Cluster& cluster : clusters_) {
      Compute(cluster);
      watts += cluster.watts * cluster.running();
    }
    const double leak = 1 + 0.001 * (celsius_ - 25);
    watts_ = watts * leak * std::uniform_real_distribution<double>(0.98, 1.02)(rng_);
    celsius_ += (25 + 2.2 * watts_ - celsius_) / 240;
  }

  worker::v1::ThermalPressure pressure() const {
    if (celsius_ >= 100) return worker::v1::THERMAL_PRESSURE_CRITICAL;
    if (celsius_ >= 90) return worker::v1::THERMAL_PRESSURE_SERIOUS;
    return celsius_ >= 80 ? worker::v1::THERMAL_PRESSURE_FAIR : worker::v1::THERMAL_PRESSURE_NOMINAL;
  }
  double watts() const { return watts_; }
  double celsius() const { return celsius_; }
  const std::vector<Cluster>& clusters() const { return clusters_; }
  int running() const {
    return Sum([](const Cluster& cluster) { return cluster.running(); });
  }
  int waiting() const {
    return Sum([](const Cluster& cluster) { return static_cast<int>(cluster.waiting_work.size()); });
  }
  int capacity() const {
    return Sum([](const Cluster& cluster) { return cluster.capacity; });
  }

 private:
  template <typename Count>
  int Sum(const Count& count) const {
    int sum = 0;
    for (const Cluster& cluster : clusters_) sum += count(cluster);
    return sum;
  }

  Cluster& Choose(double work) {
    std::vector<RouteCandidate> candidates;
    for (const Cluster& cluster : clusters_) {
      RouteCandidate candidate = {.tokens_per_second = cluster.speed * cluster.capacity,
                                  .requests = cluster.running(),
                                  .kind = cluster.kind,
                                  .weight = cluster.allowed.weight};
      for (const double left : cluster.running_work) candidate.tokens += left;
      for (const double left : cluster.waiting_work) candidate.tokens += left;
      candidates.push_back(candidate);
    }
    return clusters_[*ChooseWorker(candidates, {.tokens = work})];
  }

  static void Compute(Cluster& cluster) {
    std::erase_if(cluster.running_work, [&](double& left) { return (left -= cluster.speed) <= 0; });
    const int limit = cluster.allowed.sequences.value_or(cluster.capacity);
    while (!cluster.waiting_work.empty() && cluster.running() < limit) {
      cluster.running_work.push_back(cluster.waiting_work.front());
      cluster.waiting_work.erase(cluster.waiting_work.begin());
    }
  }

  std::vector<Cluster> clusters_;
  std::mt19937 rng_;
  double other_watts_ = 0;
  double watts_ = 0;
  double celsius_ = 25;
};

}  // namespace bitnet
