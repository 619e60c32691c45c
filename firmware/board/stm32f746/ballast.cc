// Only in builds with HIL_BALLAST_BYTES: fills the flash, to see an image refused that is too big.
#include <cstdint>

extern "C" {
extern const uint8_t hil_ballast[];
const uint8_t hil_ballast[HIL_BALLAST_BYTES] = {1};
}
