// Answers, by pull and by callback.
#include <algorithm>
#include <span>
#include <utility>

#include "engine/c_api/generation_options.h"
#include "engine/c_api/objects.h"
#include "engine/c_api/status.h"
#include "engine/c_api/structs.h"

namespace bitnet {
namespace {

absl::Duration TimeoutOf(int64_t milliseconds) {
  return milliseconds < 0 ? absl::InfiniteDuration() : absl::Milliseconds(milliseconds);
}

absl::Status CreateGeneration(bitnet_engine* engine, std::span<const int32_t> prompt,
                              const bitnet_generation_options* options, bitnet_generation** generation) {
  RETURN_IF_ERROR(CheckNotNull(engine, "engine"));
  RETURN_IF_ERROR(CheckNotNull(generation, "generation"));
  ASSIGN_OR_RETURN(AnswerRequest request, ReadAnswerRequest(prompt, options));
  ASSIGN_OR_RETURN(std::unique_ptr<AnswerReader> reader,
                   AnswerReader::Create(engine->engine, std::move(request)));
  *generation = new bitnet_generation{std::move(reader)};
  return absl::OkStatus();
}

absl::Status Run(AnswerReader& reader, bitnet_event_callback callback, void* user) {
  bitnet_event event;
  do {
    RETURN_IF_ERROR(reader.Next(absl::InfiniteDuration(), event));
    if (!callback(user, &event) && event.finish == BITNET_UNFINISHED) {
      reader.Cancel();
      return absl::CancelledError("the callback returned false");
    }
  } while (event.finish == BITNET_UNFINISHED);
  return absl::OkStatus();
}

absl::StatusOr<bitnet_usage> DescribeUsage(const AnswerReader& reader) {
  if (!reader.usage().has_value()) {
    return absl::FailedPreconditionError("the end of the answer has not been read yet");
  }
  const GenerationUsage& usage = *reader.usage();
  bitnet_usage described{};
  described.prompt_tokens = usage.prompt_tokens;
  described.cached_tokens = usage.cached_tokens;
  described.generated_tokens = usage.generated_tokens;
  described.queue_seconds = absl::ToDoubleSeconds(usage.queue_time);
  described.prefill_seconds = absl::ToDoubleSeconds(usage.prefill_time);
  described.decode_seconds = absl::ToDoubleSeconds(usage.decode_time);
  return described;
}

}  // namespace
}  // namespace bitnet

extern "C" {

bitnet_code bitnet_generation_create(bitnet_engine* engine, const int32_t* prompt, size_t num_tokens,
                                     const bitnet_generation_options* options, bitnet_generation** generation,
                                     bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const std::span<const int32_t> ids, bitnet::ReadArray(prompt, num_tokens, "prompt"));
    return bitnet::CreateGeneration(engine, ids, options, generation);
  });
}

void bitnet_generation_destroy(bitnet_generation* generation) { delete generation; }

void bitnet_generation_cancel(bitnet_generation* generation) {
  if (generation != nullptr) {
    generation->reader->Cancel();
  }
}

bitnet_code bitnet_generation_next(bitnet_generation* generation, int64_t timeout_ms, bitnet_event* event,
                                   bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(generation, "generation"));
    RETURN_IF_ERROR(bitnet::CheckNotNull(event, "event"));
    // Before anything is taken from the queue, which would be lost.
    RETURN_IF_ERROR(bitnet::StructSize(event, "bitnet_event").status());
    bitnet_event known;
    RETURN_IF_ERROR(generation->reader->Next(bitnet::TimeoutOf(timeout_ms), known));
    return bitnet::WriteStruct(&known, sizeof(known), "bitnet_event", event);
  });
}

bitnet_code bitnet_generation_run(bitnet_generation* generation, bitnet_event_callback callback, void* user,
                                  bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(generation, "generation"));
    RETURN_IF_ERROR(bitnet::CheckNotNull(reinterpret_cast<const void*>(callback), "callback"));
    return bitnet::Run(*generation->reader, callback, user);
  });
}

bitnet_code bitnet_generation_usage(const bitnet_generation* generation, bitnet_usage* usage,
                                    bitnet_error* error) {
  return bitnet::Guard(error, [&]() -> absl::Status {
    RETURN_IF_ERROR(bitnet::CheckNotNull(generation, "generation"));
    RETURN_IF_ERROR(bitnet::CheckNotNull(usage, "usage"));
    ASSIGN_OR_RETURN(const bitnet_usage known, bitnet::DescribeUsage(*generation->reader));
    return bitnet::WriteStruct(&known, sizeof(known), "bitnet_usage", usage);
  });
}

}  // extern "C"
