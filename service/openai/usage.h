// What a request has cost, over all of its answers.
#pragma once

#include <cstdint>

#include "proto/bitnet/v1/inference.pb.h"
#include "service/openai/json.h"

namespace bitnet::openai {

// Of what nothing counts there is none.
inline void AddEnergy(const v1::Energy& energy, Json& usage) {
  if (!energy.source().empty()) {  // Beyond OpenAI's.
    usage["energy"] = {{"joules", energy.joules()}, {"source", energy.source()}, {"scope", energy.scope()}};
  }
}

inline Json EmbedUsageJson(const v1::EmbedUsage& usage) {
  Json json = {{"prompt_tokens", usage.prompt_tokens()},
               {"total_tokens", usage.prompt_tokens()},
               {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens()}}}};
  AddEnergy(usage.energy(), json);
  return json;
}

// A prompt counts once, however many answers there are to it.
class UsageSum {
 public:
  void Add(const v1::Usage& usage, bool counts_prompt) {
    if (counts_prompt) {
      prompt_tokens_ += usage.prompt_tokens();
      cached_tokens_ += usage.cached_tokens();
    }
    completion_tokens_ += usage.generated_tokens();
    if (usage.has_energy()) {
      const double joules = energy_.joules() + usage.energy().joules();
      energy_ = usage.energy();
      energy_.set_joules(joules);
    }
  }

  Json ToJson() const {
    Json json = {{"prompt_tokens", prompt_tokens_},
                 {"completion_tokens", completion_tokens_},
                 {"total_tokens", prompt_tokens_ + completion_tokens_},
                 {"prompt_tokens_details", {{"cached_tokens", cached_tokens_}}}};
    AddEnergy(energy_, json);
    return json;
  }

 private:
  uint64_t prompt_tokens_ = 0;
  uint64_t cached_tokens_ = 0;
  uint64_t completion_tokens_ = 0;
  v1::Energy energy_;
};

}  // namespace bitnet::openai
