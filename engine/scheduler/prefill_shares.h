// Who reads how much of its prompt in a step.
#pragma once

#include <cstddef>
#include <span>

#include "engine/generation.h"

namespace bitnet {

// A prompt that waits to be read.
struct PrefillShare {
  size_t index;                           // Which; also its place in the order of importance.
  size_t pending;                         // Tokens still to be read.
  Priority priority = Priority::kNormal;  // As of now.
  size_t tokens = 0;                      // Of these, in this step.
};

// Distributes `budget` tokens. `shares` are in order of importance, hence by falling class; afterwards they
// are in the order in which they were served.
//
// A class leaves to the next what it does not need. Within a class, the oldest prompt gets half, and all
// others, with what is then left, are served by what they still have to read, shortest first: the mean wait
// is shortest so (many equal ones are read one after the other, not all at once to the same late end), a
// short prompt does not wait for a long one, and a long one gets on at half speed at least once it is the
// oldest, however many short ones come. Equal shares for all would read n equal prompts in n times the time
// of one, each of them.
void SharePrefill(std::span<PrefillShare> shares, size_t budget);

}  // namespace bitnet
