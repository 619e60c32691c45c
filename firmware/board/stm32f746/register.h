// A memory-mapped 32-bit register as a type: its address is part of the type, its bits are
// constants of it, so `RCC_CR::Set(RCC_CR::HSEON)` cannot touch the wrong register.
#pragma once

#include <cstdint>

namespace hil::board {

template <uint32_t kAddress>
struct Register {
  static constexpr uint32_t kRegisterAddress = kAddress;

  static uint32_t Read() { return *Pointer(); }
  static void Write(uint32_t value) { *Pointer() = value; }
  static void Set(uint32_t bits) { Write(Read() | bits); }
  static void Clear(uint32_t bits) { Write(Read() & ~bits); }
  static void Replace(uint32_t field, uint32_t value) { Write((Read() & ~field) | value); }
  static bool AllSet(uint32_t bits) { return (Read() & bits) == bits; }
  static bool AnySet(uint32_t bits) { return (Read() & bits) != 0; }

 private:
  static volatile uint32_t* Pointer() { return reinterpret_cast<volatile uint32_t*>(kAddress); }
};

constexpr uint32_t Bit(unsigned position) { return uint32_t{1} << position; }

// `value` in the field whose lowest bit is `position`.
constexpr uint32_t Field(unsigned position, uint32_t value) { return value << position; }

}  // namespace hil::board
