// What a request has cost, over all of its answers.
#pragma once

#include <cstdint>

#include "proto/bitnet/v1/inference.pb.h"
#include "service/openai/json.h"

namespace bitnet::openai {

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
    if (!energy_.source().empty()) {  // Beyond OpenAI's; absent where nothing counts.
      json["energy"] = {
          {"joules", energy_.joules()}, {"source", energy_.source()}, {"scope", energy_.scope()}};
    }
    return json;
  }

 private:
  uint64_t prompt_tokens_ = 0;
  uint64_t cached_tokens_ = 0;
  uint64_t completion_tokens_ = 0;
  v1::Energy energy_;
};

}  // namespace bitnet::openai
