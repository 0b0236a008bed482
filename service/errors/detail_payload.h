// A detail among the payloads of an error, under the URL of its type.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace bitnet {

template <typename Message>
std::string DetailTypeUrl() {
  return absl::StrCat("type.googleapis.com/", Message::descriptor()->full_name());
}

// In place of one of the same type. No effect on OK, which has no payloads.
template <typename Message>
void SetDetail(absl::Status& status, const Message& detail) {
  status.SetPayload(DetailTypeUrl<Message>(), absl::Cord(detail.SerializeAsString()));
}

// None: there is none of this type, or it is damaged.
template <typename Message>
std::optional<Message> GetDetail(const absl::Status& status) {
  const auto payload = status.GetPayload(DetailTypeUrl<Message>());
  Message detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return detail;
}

}  // namespace bitnet
