// The C interface for C++20: handles that destroy themselves, errors as exceptions, answers as ranges. Copy
// it into your program and change it to its habits.
#pragma once

#include <bitnet/bitnet.h>

#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bitnet_example {

class Error : public std::runtime_error {
 public:
  explicit Error(const bitnet_error& error)
      : std::runtime_error(std::string(bitnet_code_name(error.code)) + ": " + error.message),
        code_(error.code) {}
  bitnet_code code() const { return code_; }

 private:
  bitnet_code code_;
};

// Calls `function` with the arguments and an error behind them, which it throws.
template <typename Function, typename... Arguments>
void Call(Function function, Arguments... arguments) {
  bitnet_error error;
  if (function(arguments..., &error) != BITNET_OK) {
    throw Error(error);
  }
}

// One answer. Its text comes in pieces, as it is generated: for (std::string_view piece : generation) ...
class Generation {
 public:
  explicit Generation(bitnet_generation* generation) : handle_(generation) {}

  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(bitnet_generation* generation) : generation_(generation) {
      bitnet_event_init(&event_);
      ++*this;
    }
    // Until the next one is asked for.
    std::string_view operator*() const { return {event_.text, event_.text_bytes}; }
    Iterator& operator++() {
      // The end brings what was held back, so it is shown as a piece; what comes behind it is none.
      done_ = event_.finish != BITNET_UNFINISHED;
      if (!done_) {
        Call(bitnet_generation_next, generation_, int64_t{BITNET_WAIT_FOREVER}, &event_);
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return done_; }

   private:
    bitnet_generation* generation_;
    bitnet_event event_;
    bool done_ = false;
  };

  Iterator begin() { return Iterator(handle_.get()); }
  std::default_sentinel_t end() const { return {}; }
  void Cancel() { bitnet_generation_cancel(handle_.get()); }  // From any thread.

 private:
  struct Destroy {
    void operator()(bitnet_generation* generation) const { bitnet_generation_destroy(generation); }
  };
  std::unique_ptr<bitnet_generation, Destroy> handle_;
};

class Engine {
 public:
  explicit Engine(const std::string& path) {
    bitnet_engine* engine = nullptr;
    Call(bitnet_engine_create, path.c_str(), static_cast<const bitnet_engine_options*>(nullptr), &engine);
    handle_.reset(engine);
  }

  std::vector<int32_t> Tokenize(std::string_view text) const {
    size_t length = 0;
    Call(bitnet_tokenize, handle_.get(), text.data(), text.size(), BITNET_ADD_BOS,
         static_cast<int32_t*>(nullptr), size_t{0}, &length);
    std::vector<int32_t> tokens(length);
    Call(bitnet_tokenize, handle_.get(), text.data(), text.size(), BITNET_ADD_BOS, tokens.data(),
         tokens.size(), &length);
    return tokens;
  }

  Generation Generate(const std::vector<int32_t>& prompt, const bitnet_generation_options& options) {
    bitnet_generation* generation = nullptr;
    Call(bitnet_generation_create, handle_.get(), prompt.data(), prompt.size(), &options, &generation);
    return Generation(generation);
  }

 private:
  struct Destroy {
    void operator()(bitnet_engine* engine) const { bitnet_engine_destroy(engine); }
  };
  std::unique_ptr<bitnet_engine, Destroy> handle_;
};

}  // namespace bitnet_example
