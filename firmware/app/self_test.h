// Failures on demand, so that a user can prove that a real one would be noticed.
#pragma once

#include "link/protocol.h"

namespace hil::app {

// Fails as told; returns for kNone and kSilent.
void FailAsArmed(link::SelfTest kind);

}  // namespace hil::app
