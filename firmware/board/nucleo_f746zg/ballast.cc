// Only in builds with HIL_BALLAST_BYTES: fills the flash, to see a firmware that is too big
// refused.
#include <cstdint>

namespace hil::board {

[[gnu::used, gnu::retain]] extern const uint8_t kBallast[HIL_BALLAST_BYTES];
const uint8_t kBallast[HIL_BALLAST_BYTES] = {1};

}  // namespace hil::board
