// EXPECT_TRUE(IsError(...)) with a message that shows the whole status.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "absl/status/status.h"

namespace bitnet {

// Whether `status` has this code and its message contains `part`.
inline testing::AssertionResult IsError(const absl::Status& status, absl::StatusCode code,
                                        std::string_view part) {
  const std::string_view message(status.message().data(), status.message().size());
  if (status.code() == code && message.find(part) != std::string_view::npos) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << status.ToString() << "\nwanted " << absl::StatusCodeToString(code)
                                     << " and \"" << part << "\"";
}

}  // namespace bitnet
