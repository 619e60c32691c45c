#include "engine/builtin/dot.h"

#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>

#include <cstring>
#endif

namespace hil::engine::builtin {

#if defined(__ARM_FEATURE_DSP)
namespace {

uint32_t TakeWord(const int8_t** at) {
  uint32_t word;
  std::memcpy(&word, *at, sizeof(word));
  *at += sizeof(word);
  return word;
}

// Bytes 1 and 3 as halfwords. The rotation is part of the instruction, but no intrinsic has it.
int16x2_t OddBytes(uint32_t bytes) {
  int16x2_t halfwords;
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(halfwords) : "r"(bytes));
  return halfwords;
}
int16x2_t OddBytesPlus(int16x2_t addend, uint32_t bytes) {
  int16x2_t halfwords;
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(halfwords) : "r"(addend), "r"(bytes));
  return halfwords;
}

void AddProducts(uint32_t weights, int16x2_t even, int16x2_t odd, int32_t* sum) {
  *sum = __smlad(__sxtb16(static_cast<int8x4_t>(weights)), even, *sum);
  *sum = __smlad(OddBytes(weights), odd, *sum);
}

}  // namespace
#endif

void DotInt8x4(const int8_t* const rows[4], const int8_t* inputs, uint32_t count, int32_t offset,
               int32_t sums[4]) {
  uint32_t done = 0;
#if defined(__ARM_FEATURE_DSP)
  // Four inputs at a time, as two pairs of halfwords (bytes 0 and 2, bytes 1 and 3) to which the
  // offset is added on the way; the pairs serve all four rows.
  const auto offsets = static_cast<int16x2_t>((static_cast<uint32_t>(offset) & 0xFFFF) |
                                              (static_cast<uint32_t>(offset) << 16));
  const int8_t* w0 = rows[0];
  const int8_t* w1 = rows[1];
  const int8_t* w2 = rows[2];
  const int8_t* w3 = rows[3];
  int32_t s0 = sums[0];
  int32_t s1 = sums[1];
  int32_t s2 = sums[2];
  int32_t s3 = sums[3];
  const int8_t* x = inputs;
  for (const int8_t* end = inputs + (count & ~3U); x != end;) {
    const uint32_t inputs4 = TakeWord(&x);
    const int16x2_t even = __sxtab16(offsets, static_cast<int8x4_t>(inputs4));
    const int16x2_t odd = OddBytesPlus(offsets, inputs4);
    AddProducts(TakeWord(&w0), even, odd, &s0);
    AddProducts(TakeWord(&w1), even, odd, &s1);
    AddProducts(TakeWord(&w2), even, odd, &s2);
    AddProducts(TakeWord(&w3), even, odd, &s3);
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
  done = count & ~3U;
#endif
  for (int k = 0; done < count && k < 4; ++k) {
    sums[k] = WrapAdd(sums[k], DotInt8(rows[k] + done, inputs + done, count - done, offset));
  }
}

}  // namespace hil::engine::builtin
