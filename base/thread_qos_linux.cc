#include "base/thread_qos.h"

namespace bitnet {

void SetThreadQos(QosClass /*qos*/) {}

}  // namespace bitnet
