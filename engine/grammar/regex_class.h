// Classes and escapes of regular expressions: [a-z], \d, \u00e9.
#pragma once

#include "absl/status/statusor.h"
#include "engine/grammar/code_points.h"
#include "engine/grammar/text_cursor.h"

namespace bitnet {

// `cursor` is at a backslash; what it stands for is one character or several, such as \d.
absl::StatusOr<CodePoints> ReadRegexEscape(TextCursor& cursor);
// `cursor` is at a [.
absl::StatusOr<CodePoints> ReadRegexClass(TextCursor& cursor);

}  // namespace bitnet
