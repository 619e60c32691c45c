#include "link/crc32.h"

#include <array>

namespace hil::link {
namespace {

constexpr uint32_t kReflectedPolynomial = 0xEDB88320U;

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1U) != 0 ? kReflectedPolynomial : 0);
    }
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

}  // namespace

void Crc32::Add(uint8_t byte) { state_ = kTable[(state_ ^ byte) & 0xFFU] ^ (state_ >> 8); }

void Crc32::Add(Span<const uint8_t> bytes) {
  uint32_t state = state_;
  for (const uint8_t byte : bytes) state = kTable[(state ^ byte) & 0xFFU] ^ (state >> 8);
  state_ = state;
}

}  // namespace hil::link
