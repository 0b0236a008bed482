// The way of an answer to one client, whatever it speaks.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace bitnet {

// The answer tells it that there is more to read, or that there will be nothing more. Called with the
// answer's lock held, on any thread; must not block.
class AnswerStream {
 public:
  virtual ~AnswerStream() = default;
  // There may be something new in the answer's log, or the answer has ended.
  virtual void Pump() = 0;
  // The client is told `status`, and nothing more of the answer.
  virtual void EndWith(absl::Status status) = 0;
  // The first token that has not been read.
  virtual uint32_t next_index() const = 0;
};

}  // namespace bitnet
