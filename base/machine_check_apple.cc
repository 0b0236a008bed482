#include "base/apple/translation.h"
#include "base/machine_check.h"

namespace bitnet {

absl::Status CheckMachine() { return CheckNotTranslated(ReadAppleChip(SystemSysctl())); }

}  // namespace bitnet
