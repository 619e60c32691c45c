// Just enough of the instruction set: lengths, and the kinds that the helper looks for. DDI 0403E,
// A5.1 (16 or 32 bits), A5.3.18 and A6 (floating point), A7.7.127 and A7.7.195.
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline uint16_t halfword(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

static inline bool is_wide(uint16_t first) { return (first >> 11) >= 0x1D; }

// Coprocessor 10 and 11 are the FPU.
static inline bool is_fp(uint16_t first, uint16_t second) {
  return (first & 0xEC00) == 0xEC00 && ((second >> 8) & 0xE) == 0xA;
}

// SDIV and UDIV; the divisor's register is in bits 3..0 of the second halfword.
static inline bool is_division(uint16_t first, uint16_t second) {
  return (first & 0xFFD0) == 0xFB90 && (second & 0xF0F0) == 0xF0F0;
}
