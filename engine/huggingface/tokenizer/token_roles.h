// Which tokens begin and end texts, and how a conversation is written: the small files beside a tokenizer.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "engine/huggingface/tokenizer/token_list.h"
#include "engine/model/model_file.h"

namespace bitnet {

// The files as objects; empty where there is none.
struct TokenizerFiles {
  nlohmann::json tokenizer;           // tokenizer.json, without vocabulary and merges.
  nlohmann::json tokenizer_config;    // tokenizer_config.json
  nlohmann::json special_tokens_map;  // special_tokens_map.json
  nlohmann::json config;              // config.json
  nlohmann::json generation_config;   // generation_config.json
};

// Writes tokenizer.ggml.bos_token_id, eos_token_id, unknown_token_id, padding_token_id, add_bos_token, and
// eos_token_ids where there are several ends. A token that tokenizer_config.json or special_tokens_map.json
// names by its text counts before ids in config.json; what generation_config.json and config.json call ends
// are all ends. Keys that are there already stay where no file says otherwise. Ids of no token are ignored,
// as they are by other readers: configurations have them where a role is not used.
void WriteTokenRoles(const TokenizerFiles& files, const TokenList& tokens, ModelKeys& keys);

// Writes tokenizer.chat_template from tokenizer_config.json, where it may be a list of which "default"
// counts.
void WriteChatTemplate(const nlohmann::json& tokenizer_config, ModelKeys& keys);

}  // namespace bitnet
