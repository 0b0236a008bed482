// Early return for absl::Status and absl::StatusOr.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define RETURN_IF_ERROR(expression)                           \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

#define BITNET_CONCAT_INNER(a, b) a##b
#define BITNET_CONCAT(a, b) BITNET_CONCAT_INNER(a, b)

// NOLINTBEGIN(bugprone-macro-parentheses): `value` may be a declaration, which parentheses would break.
// ASSIGN_OR_RETURN(auto value, MakeValue()); `value` may be a declaration or an existing variable.
#define ASSIGN_OR_RETURN(value, expression) \
  BITNET_ASSIGN_OR_RETURN(BITNET_CONCAT(status_or_, __LINE__), value, expression)
#define BITNET_ASSIGN_OR_RETURN(status_or, value, expression) \
  auto status_or = (expression);                              \
  if (!status_or.ok()) {                                      \
    return std::move(status_or).status();                     \
  }                                                           \
  value = *std::move(status_or)
// NOLINTEND(bugprone-macro-parentheses)
