// The installed C interface, as a module.
#pragma once

#include <bitnet/bitnet.h>
