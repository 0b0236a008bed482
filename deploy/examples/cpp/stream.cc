// Continues several texts at once, in C++, and shows the first as it grows.
//
// Usage: stream MODEL PROMPT...
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "bitnet_handles.h"

namespace {

using bitnet_example::Engine;
using bitnet_example::Generation;

void Stream(const std::string& model, const std::vector<std::string>& prompts) {
  Engine engine(model);
  bitnet_generation_options options;
  bitnet_generation_options_init(&options);
  options.max_tokens = 32;
  // All of them are under way before the first is read.
  std::vector<Generation> generations;
  for (const std::string& prompt : prompts) {
    generations.push_back(engine.Generate(engine.Tokenize(prompt), options));
  }
  for (size_t i = 0; i < prompts.size(); ++i) {
    std::cout << prompts[i];
    for (const std::string_view piece : generations[i]) {
      std::cout << piece << std::flush;
    }
    std::cout << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: stream MODEL PROMPT...\n";
    return 2;
  }
  try {
    Stream(argv[1], {argv + 2, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "stream: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
