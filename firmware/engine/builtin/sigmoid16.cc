#include "engine/builtin/sigmoid16.h"

#include <cmath>

#include "engine/builtin/fixed_point.h"

namespace hil::engine::builtin {
namespace {

// 65536 / (1 + exp(-i / 24)). Most points are rounded to nearest; the curved ones are lifted by up
// to one unit, which halves the error of the chords between them.
constexpr uint16_t kTable[256] = {
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794,
    41432, 42064, 42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443,
    48964, 49475, 49975, 50464, 50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374,
    54755, 55125, 55485, 55834, 56174, 56503, 56823, 57133, 57433, 57724, 58007, 58280, 58544,
    58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370, 60565, 60753, 60935, 61110, 61279,
    61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666, 62778, 62886, 62990,
    63090, 63186, 63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968, 64030,
    64090, 64148, 64204, 64257, 64308, 64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652,
    64687, 64721, 64754, 64786, 64816, 64845, 64873, 64900, 64926, 64950, 64974, 64997, 65019,
    65039, 65060, 65079, 65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208, 65221, 65234,
    65246, 65258, 65269, 65280, 65291, 65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360,
    65367, 65374, 65381, 65387, 65393, 65399, 65404, 65410, 65415, 65420, 65425, 65429, 65433,
    65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465, 65468, 65471, 65474, 65476,
    65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498, 65500, 65501,
    65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516,
    65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524,
    65525, 65525, 65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529,
    65529, 65530, 65530, 65530, 65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532,
    65532, 65532, 65532, 65533, 65533, 65533, 65533, 65533, 65533, 65533, 65533, 65534, 65534,
    65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65535,
};

// The input in table units: 9 fractional bits for the sigmoid, 8 for tanh.
int32_t ToTableUnits(const Sigmoid16& sigmoid, int16_t x) {
  const int32_t round = sigmoid.shift > 0 ? 1 << (sigmoid.shift - 1) : 0;
  return WrapAdd(WrapMul(x, sigmoid.multiplier), round) >> sigmoid.shift;
}

}  // namespace

bool IsPowerOfTwo(float scale, int* exponent) {
  // In single precision, as the reference computes it.
  const float log2 = std::log(scale) * (1.0F / std::log(2.0F));
  const float rounded = std::round(log2);
  *exponent = static_cast<int>(rounded);
  return std::fabs(log2 - rounded) < 1e-3F;
}

bool MakeSigmoid16(float input_scale, bool tanh, Sigmoid16* sigmoid) {
  constexpr int kFractionalBits = 12;
  int exponent = 0;
  const bool power_of_two = IsPowerOfTwo(input_scale, &exponent);
  const int left = kFractionalBits + exponent;
  if (power_of_two && (left == 0 || (tanh && left == 1))) {
    *sigmoid = {3 << left, 0};
    return true;
  }
  double multiplier = static_cast<double>(input_scale) * 4096.0 * 3.0;
  int shift = 0;
  while (multiplier <= 32767.0 / 2.0 && shift <= 30) {
    ++shift;
    multiplier *= 2.0;
  }
  if (!(multiplier >= 1.0 && multiplier <= 32767.0)) return false;
  *sigmoid = {static_cast<int32_t>(multiplier), shift};
  return true;
}

int16_t Logistic16(const Sigmoid16& sigmoid, int16_t x) {
  const int32_t units = ToTableUnits(sigmoid, x);
  const uint32_t magnitude =
      units < 0 ? 0U - static_cast<uint32_t>(units) : static_cast<uint32_t>(units);
  const uint32_t point = magnitude >> 9;
  uint32_t y = 0x7FFFU << 10;
  if (point < 255) {
    const uint32_t here = kTable[point];
    y = (here << 9) + (magnitude & 0x1FF) * (kTable[point + 1] - here);
  }
  y = units >= 0 ? y + (1U << 9) : (1U << 25) - y + (1U << 9) - 1;
  return static_cast<int16_t>(y >> 10);
}

int16_t Tanh16(const Sigmoid16& sigmoid, int16_t x) {
  // tanh(x) = 2 sigmoid(2x) - 1.
  const int32_t units = ToTableUnits(sigmoid, x);
  const uint32_t magnitude =
      units < 0 ? 0U - static_cast<uint32_t>(units) : static_cast<uint32_t>(units);
  const uint32_t point = magnitude >> 8;
  int32_t y = 0xFFFF << 8;
  if (point < 255) {
    const uint32_t here = kTable[point];
    y = static_cast<int32_t>((here << 8) + (magnitude & 0xFF) * (kTable[point + 1] - here));
  }
  constexpr int32_t kOne = 1 << 23;
  constexpr int32_t kHalf = 1 << 7;
  y = units >= 0 ? y - kOne + kHalf : -y + kOne + kHalf - 1;
  return static_cast<int16_t>(y >> 8);
}

}  // namespace hil::engine::builtin
