// What inference does all day: int8 dot products with requantisation, and float cells.
#include "test_program.h"

#define INPUTS 64
#define UNITS 32

static int8_t weights[UNITS][INPUTS], input[INPUTS], output[UNITS];
static float state[UNITS];

__attribute__((noinline)) static int32_t dot(const int8_t *a, const int8_t *b, int length) {
  int32_t sum = 0;
  for (int i = 0; i < length; i++) sum += a[i] * b[i];
  return sum;
}

__attribute__((noinline)) static int8_t requantize(int32_t value) {
  int64_t product = (int64_t)value * 1518500250;
  int32_t scaled = (int32_t)((product + (1ll << 37)) >> 38);
  return (int8_t)(scaled > 127 ? 127 : scaled < -128 ? -128 : scaled);
}

__attribute__((noinline)) static void cell(float x) {
  for (int u = 0; u < UNITS; u++) {
    float z = x * 0.5f + state[u] * 0.25f;
    float squared = z * z;
    state[u] = z * (27.0f + squared) / (27.0f + 9.0f * squared);
  }
}

__attribute__((noinline)) static void compute(uint32_t rounds) {
  for (int i = 0; i < INPUTS; i++) input[i] = (int8_t)(i * 7);
  for (int u = 0; u < UNITS; u++) {
    for (int i = 0; i < INPUTS; i++) weights[u][i] = (int8_t)(u * i + 3);
  }
  for (uint32_t round = 0; round < rounds; round++) {
    for (int u = 0; u < UNITS; u++) output[u] = requantize(dot(weights[u], input, INPUTS));
    cell((float)output[round % UNITS]);
    input[round % INPUTS] ^= output[round % UNITS];
  }
  shared.out[0] = (uint32_t)output[5];
}

void run_case(uint32_t test_case) {
  (void)test_case;
  enable_fpu();
  compute(shared.argument);
}
