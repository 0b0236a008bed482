#include "service/admission/admission.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "service/errors/error_details.h"

namespace bitnet {
namespace {

// Until it is known how fast the queue moves.
constexpr absl::Duration kUnknownTurn = absl::Seconds(1);

absl::Duration TimeFor(double amount, double per_second) {
  return per_second > 0 ? absl::Seconds(amount / per_second) : kUnknownTurn;
}

}  // namespace

// One of the limits, and where it stands.
struct Admission::Bound {
  const char* unit;  // "requests".
  const char* flag;
  int64_t limit;
  int64_t waiting;
  int64_t more;                         // That the request adds.
  double all_waiting;                   // Of all clients, in the same unit,
  double per_second;                    // and how fast they get their turn; 0: not measured.
  const std::string* client = nullptr;  // Null: the limit is that of all together.
};

absl::StatusOr<Admission::Place> Admission::Enter(const std::string& client, int requests) {
  const absl::MutexLock lock(&mutex_);
  Tick();
  const auto own = clients_.find(client);
  const int own_requests = own == clients_.end() ? 0 : own->second.requests;
  const AdmissionLimits limits = Limits();
  Bound bound = {.unit = "requests",
                 .flag = "--max-waiting",
                 .limit = limits.requests,
                 .waiting = all_.requests,
                 .more = requests,
                 .all_waiting = static_cast<double>(all_.requests),
                 .per_second = rate_.requests_per_second()};
  RETURN_IF_ERROR(Check(bound));
  bound.flag = "--max-waiting-per-client";
  bound.limit = limits.requests_per_client;
  bound.waiting = own_requests;
  bound.client = &client;
  RETURN_IF_ERROR(Check(bound));
  all_.requests += requests;
  clients_[client].requests += requests;
  return Place(this, client, requests);
}

absl::Status Admission::Place::Charge(int64_t tokens) {
  return admission_ == nullptr ? absl::OkStatus() : admission_->Charge(*this, tokens);
}

absl::Status Admission::Charge(Place& place, int64_t tokens) {
  const absl::MutexLock lock(&mutex_);
  Tick();
  Load& own = clients_[place.client_];
  const AdmissionLimits limits = Limits();
  Bound bound = {.unit = "tokens",
                 .flag = "--max-waiting-tokens",
                 .limit = limits.tokens,
                 .waiting = all_.tokens,
                 .more = tokens,
                 .all_waiting = static_cast<double>(all_.tokens),
                 .per_second = rate_.tokens_per_second()};
  RETURN_IF_ERROR(Check(bound));
  bound.flag = "--max-waiting-tokens-per-client";
  bound.limit = limits.tokens_per_client;
  bound.waiting = own.tokens;
  bound.client = &place.client_;
  RETURN_IF_ERROR(Check(bound));
  place.tokens_ = tokens;
  all_.tokens += tokens;
  own.tokens += tokens;
  return absl::OkStatus();
}

// One that waits for nobody may, however large it is: there is nothing that would make room for it.
absl::Status Admission::Check(const Bound& bound) {
  const int64_t beyond = bound.waiting + bound.more - bound.limit;
  if (beyond <= 0 || bound.waiting == 0) {
    return absl::OkStatus();
  }
  // A client's requests are as much of what leaves the queue as they are of what is in it.
  const double in_queue_order =
      static_cast<double>(beyond) * bound.all_waiting / static_cast<double>(bound.waiting);
  const absl::Duration delay = pacer_.Next(clock_->Now(), TimeFor(in_queue_order, bound.per_second));
  const std::string subject = bound.client == nullptr ? "server" : absl::StrCat("client:", *bound.client);
  const std::string used =
      absl::StrCat(bound.waiting, " ", bound.unit, bound.client == nullptr ? "" : " of ",
                   bound.client == nullptr ? "" : *bound.client, " wait already, this would be ", bound.more,
                   " more, and at most ", bound.limit, " may", share_ < 1 ? " while the machine is warm" : "",
                   " (", bound.flag, ")");
  absl::Status status = absl::ResourceExhaustedError(
      absl::StrCat(used, "; try again in ", absl::FormatDuration(absl::Trunc(delay, absl::Milliseconds(1)))));
  status = WithReason(
      std::move(status), bound.client == nullptr ? "QUEUE_FULL" : "CLIENT_QUEUE_FULL",
      {{"unit", bound.unit}, {"waiting", absl::StrCat(bound.waiting)}, {"limit", absl::StrCat(bound.limit)}});
  return WithRetryDelay(WithQuotaFailure(std::move(status), subject, used), delay);
}

absl::Status Admission::WithRetry(absl::Status status) {
  if (!absl::IsResourceExhausted(status) || RetryDelayOf(status).has_value()) {
    return status;
  }
  const absl::MutexLock lock(&mutex_);
  Tick();
  return WithRetryDelay(std::move(status),
                        pacer_.Next(clock_->Now(), TimeFor(1, rate_.requests_per_second())));
}

void Admission::Place::Leave(bool begun) {
  if (Admission* admission = std::exchange(admission_, nullptr)) {
    admission->Leave(*this, begun);
  }
}

void Admission::Leave(const Place& place, bool begun) {
  const absl::MutexLock lock(&mutex_);
  Tick();
  if (begun) {
    rate_.Count(static_cast<double>(place.tokens_));
  }
  all_.requests -= place.requests_;
  all_.tokens -= place.tokens_;
  const auto own = clients_.find(place.client_);
  own->second.tokens -= place.tokens_;
  if ((own->second.requests -= place.requests_) == 0) {
    clients_.erase(own);
  }
}

absl::Duration Admission::ExpectedWait() const {
  const absl::MutexLock lock(&mutex_);
  const double rate = rate_.tokens_per_second();
  return rate > 0 ? absl::Seconds(static_cast<double>(all_.tokens) / rate) : absl::ZeroDuration();
}

void Admission::SetShare(double share) {
  const absl::MutexLock lock(&mutex_);
  Tick();
  share_ = share;
  rate_.SetShare(share);
}

AdmissionLimits Admission::limits() const {
  const absl::MutexLock lock(&mutex_);
  return Limits();
}

AdmissionLimits Admission::Limits() const {
  const auto scaled = [this]<typename Count>(Count limit) {
    return std::max<Count>(1, static_cast<Count>(static_cast<double>(limit) * share_));
  };
  return {.requests = scaled(limits_.requests),
          .tokens = scaled(limits_.tokens),
          .requests_per_client = scaled(limits_.requests_per_client),
          .tokens_per_client = scaled(limits_.tokens_per_client)};
}

void Admission::Tick() { rate_.AdvanceTo(clock_->Now(), all_.requests > 0); }

int Admission::waiting() const {
  const absl::MutexLock lock(&mutex_);
  return all_.requests;
}

int64_t Admission::waiting_tokens() const {
  const absl::MutexLock lock(&mutex_);
  return all_.tokens;
}

}  // namespace bitnet
