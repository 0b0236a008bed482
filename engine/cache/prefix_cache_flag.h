// The prefix cache on command lines.
#pragma once

#include <map>
#include <string>

namespace bitnet {

inline std::map<std::string, bool> PrefixCacheNames() { return {{"on", true}, {"off", false}}; }

inline constexpr char kPrefixCacheHelp[] =
    "on: keep the keys and values of what was read and said while there is room, and do not run again what a "
    "prompt has in common with it, which changes no answer; off: run every prompt from its beginning";

}  // namespace bitnet
