// Unicode's normalisation form C.
#pragma once

#include <string>
#include <string_view>

namespace bitnet {

// Text that looks the same is spelled the same: an "e" and a combining acute become one character. Bytes that
// belong to no valid UTF-8 character stay, and the text before and after them is normalised as if it stood
// alone. Takes n log n time for any text. Characters newer than the installed utf8proc's tables (Unicode 15
// in Debian 12) stay as they are.
std::string NormalizeNfc(std::string_view text);

// False only if NormalizeNfc(text) is `text`: a quick look that settles most texts.
bool MayNeedNfc(std::string_view text);

}  // namespace bitnet
