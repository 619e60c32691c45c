#include "engine/engine.h"

namespace hil::engine {

const Identity& GetIdentity() {
  static constexpr Identity kIdentity = {"tflm", HIL_TFLM_VERSION, HIL_TFLM_KERNELS};
  return kIdentity;
}

}  // namespace hil::engine
