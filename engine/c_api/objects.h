// What the opaque types of bitnet.h are.
#pragma once

#include <memory>
#include <string>

#include "bitnet/bitnet.h"
#include "engine/c_api/answer_reader.h"
#include "engine/engine.h"

struct bitnet_engine {
  // Shared with its generations, so that objects may be destroyed in any order: programs in languages with a
  // garbage collector cannot choose one.
  std::shared_ptr<bitnet::Engine> engine;
  std::string isa;
};

struct bitnet_generation {
  std::unique_ptr<bitnet::AnswerReader> reader;
};
