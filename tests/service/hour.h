// What tests look at in an hour of a SimulatedChip.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace bitnet {

// Turns between going up and going down, and when the last change was.
class Turns {
 public:
  explicit Turns(double first) : last_(first) {}
  void Observe(int second, double value) {
    if (value != last_) {
      const int direction = value > last_ ? 1 : -1;
      if (direction_ != 0 && direction != direction_) {
        shortest_ = std::min(shortest_, second - changed_);
        ++count_;
      }
      direction_ = direction;
      changed_ = second;
      last_ = value;
    }
  }
  int shortest() const { return shortest_; }  // Seconds between two changes in opposite directions.
  int count() const { return count_; }

 private:
  double last_;
  int direction_ = 0;
  int changed_ = 0;
  int shortest_ = 1 << 30;
  int count_ = 0;
};

// Of the last `seconds` values.
class MovingMean {
 public:
  explicit MovingMean(size_t seconds) : seconds_(seconds) {}
  void Add(double value) {
    values_.push_back(value);
    sum_ += value;
    if (values_.size() > seconds_) {
      sum_ -= values_.front();
      values_.pop_front();
    }
  }
  bool full() const { return values_.size() == seconds_; }
  double mean() const { return sum_ / static_cast<double>(values_.size()); }

 private:
  const size_t seconds_;
  std::deque<double> values_;
  double sum_ = 0;
};

// BITNET_HEAT_CSV names a file for the hour's course; tests/service/plot_heat.py draws it.
class Course {
 public:
  using Row = std::vector<std::pair<std::string, double>>;  // Each with the name of its column.

  Course() {
    if (const char* path = std::getenv("BITNET_HEAT_CSV")) file_.open(path);
  }
  void Add(int second, const Row& row) {
    if (!file_.is_open()) return;
    if (second == 0) {
      file_ << "second";
      for (const auto& [name, value] : row) file_ << ',' << name;
      file_ << '\n';
    }
    file_ << second;
    for (const auto& [name, value] : row) file_ << ',' << value;
    file_ << '\n';
  }

 private:
  std::ofstream file_;
};

}  // namespace bitnet
