#include "service/rpc/resume_store.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/errors/error_details.h"
#include "service/rpc/answer_session.h"

namespace bitnet {

bool ResumeStore::Full() const {
  return entries_.size() >= static_cast<size_t>(limits_.answers) || bytes_ >= limits_.bytes;
}

absl::Status ResumeStore::Add(std::shared_ptr<AnswerSession> answer) {
  Entries forgotten;  // Goes after the lock.
  const absl::MutexLock lock(&mutex_);
  for (auto entry = entries_.begin(); Full() && entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->idle) {
      bytes_ -= entry->bytes;
      entry->answer->Forget();
      forgotten.splice(forgotten.end(), entries_, entry);
    }
    entry = next;
  }
  if (Full()) {
    const std::string used =
        absl::StrCat(entries_.size(), " resumable answers of ", bytes_, " bytes are kept, and at most ",
                     limits_.answers, " of ", limits_.bytes, " may (--max-resumable, --max-resumable-bytes)");
    return WithQuotaFailure(WithReason(absl::ResourceExhaustedError(used), "RESUMABLE_FULL"), "server", used);
  }
  entries_.push_back({std::move(answer)});
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<AnswerSession>> ResumeStore::Find(const std::string& request_id,
                                                                 const std::string& caller) const {
  const absl::MutexLock lock(&mutex_);
  for (const Entry& entry : entries_) {
    if (entry.answer->request_id() == request_id && entry.answer->caller_name() == caller) {
      return entry.answer;
    }
  }
  return WithReason(absl::NotFoundError(absl::StrCat(
                        "there is no answer to request_id \"", request_id,
                        "\": it was not resumable, is not kept any more, or is another caller's")),
                    "ANSWER_NOT_KEPT");
}

ResumeStore::Entries::iterator ResumeStore::Locate(const std::string& request_id) {
  return std::ranges::find(entries_, request_id, [](const Entry& entry) -> const std::string& {
    return entry.answer->request_id();
  });
}

void ResumeStore::Remove(const std::string& request_id) {
  Entries removed;  // As above.
  const absl::MutexLock lock(&mutex_);
  if (const auto entry = Locate(request_id); entry != entries_.end()) {
    bytes_ -= entry->bytes;
    removed.splice(removed.end(), entries_, entry);
  }
}

void ResumeStore::SetBytes(const std::string& request_id, size_t bytes) {
  const absl::MutexLock lock(&mutex_);
  if (const auto entry = Locate(request_id); entry != entries_.end()) {
    bytes_ += bytes - entry->bytes;
    entry->bytes = bytes;
  }
}

void ResumeStore::SetIdle(const std::string& request_id, bool idle) {
  const absl::MutexLock lock(&mutex_);
  if (const auto entry = Locate(request_id); entry != entries_.end()) {
    entry->idle = idle;
  }
}

}  // namespace bitnet
