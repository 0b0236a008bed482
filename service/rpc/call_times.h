// What is due for a call, and when.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "absl/time/time.h"

namespace bitnet {

// Of a call to a worker for what it does in milliseconds; a client's earlier deadline counts.
inline constexpr std::chrono::seconds kUnaryDeadline(30);

struct CallTimeLimits {
  // A client that has been sent nothing for so long is told that its answer is still on the way. Zero: never.
  absl::Duration heartbeat = absl::Seconds(10);
  // A client that takes nothing of what is being written to it for so long is given up.
  absl::Duration slow_reader = absl::Seconds(60);
};

// Told of what happens on the stream, and asked what is due. No clock of its own.
class CallTimes {
 public:
  CallTimes(const CallTimeLimits& limits, absl::Time arrived) : limits_(limits), quiet_since_(arrived) {}

  void OnWriteStarted(absl::Time now) { write_since_ = now; }
  void OnWriteDone(absl::Time now) {
    write_since_.reset();
    quiet_since_ = now;
  }
  // It was acted on: the next one is due a period later.
  void OnBeat(absl::Time now) { quiet_since_ = now; }
  void OnReaderGivenUp(absl::Time now) { write_since_ = now; }

  bool BeatDue(absl::Time now) const { return now >= next_beat(); }
  bool ReaderDue(absl::Time now) const { return now >= reader_limit(); }
  // The earlier of these.
  absl::Time next() const { return std::min(next_beat(), reader_limit()); }

 private:
  absl::Time next_beat() const {
    return write_since_.has_value() || limits_.heartbeat <= absl::ZeroDuration()
               ? absl::InfiniteFuture()
               : quiet_since_ + limits_.heartbeat;
  }
  absl::Time reader_limit() const {
    return write_since_.has_value() ? *write_since_ + limits_.slow_reader : absl::InfiniteFuture();
  }

  const CallTimeLimits limits_;
  absl::Time quiet_since_;                 // Nothing has been sent.
  std::optional<absl::Time> write_since_;  // While one is under way.
};

}  // namespace bitnet
