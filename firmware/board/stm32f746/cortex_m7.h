// The core's own registers that this board uses, with the names of the ARMv7-M Architecture
// Reference Manual (DDI 0403) and the Cortex-M7 Technical Reference Manual (DDI 0489).
#pragma once

#include "board/stm32f746/register.h"

namespace hil::board {

// --- barriers -----------------------------------------------------------------------------
inline void Dmb() { asm volatile("dmb" ::: "memory"); }
inline void Dsb() { asm volatile("dsb" ::: "memory"); }
inline void Isb() { asm volatile("isb" ::: "memory"); }

// --- SCB: system control block ---------------------------------------------------------------
struct SCB_VTOR : Register<0xE000ED08> {};
struct SCB_AIRCR : Register<0xE000ED0C> {
  static constexpr uint32_t VECTKEY = Field(16, 0x05FA);
  static constexpr uint32_t PRIGROUP = Field(8, 7);
  static constexpr uint32_t SYSRESETREQ = Bit(2);
};
struct SCB_CCR : Register<0xE000ED14> {
  static constexpr uint32_t DIV_0_TRP = Bit(4);
  static constexpr uint32_t DC = Bit(16);
  static constexpr uint32_t IC = Bit(17);
};
struct SCB_SHCSR : Register<0xE000ED24> {
  static constexpr uint32_t MEMFAULTENA = Bit(16);
  static constexpr uint32_t BUSFAULTENA = Bit(17);
  static constexpr uint32_t USGFAULTENA = Bit(18);
};
struct SCB_CFSR : Register<0xE000ED28> {
  static constexpr uint32_t MSTKERR = Bit(4);
  static constexpr uint32_t STKERR = Bit(12);
};
struct SCB_HFSR : Register<0xE000ED2C> {};
struct SCB_DFSR : Register<0xE000ED30> {};
struct SCB_MMFAR : Register<0xE000ED34> {};
struct SCB_BFAR : Register<0xE000ED38> {};

// --- FPU -----------------------------------------------------------------------------------------
struct FPU_FPCCR : Register<0xE000EF34> {
  static constexpr uint32_t LSPEN = Bit(30);
  static constexpr uint32_t ASPEN = Bit(31);
};

// --- caches ----------------------------------------------------------------------------------
struct SCB_CCSIDR : Register<0xE000ED80> {
  static constexpr uint32_t Ways(uint32_t value) { return ((value >> 3) & 0x3FF) + 1; }
  static constexpr uint32_t Sets(uint32_t value) { return ((value >> 13) & 0x7FFF) + 1; }
};
struct SCB_CSSELR : Register<0xE000ED84> {
  static constexpr uint32_t kLevel1Data = 0;
};
struct SCB_ICIALLU : Register<0xE000EF50> {};
struct SCB_DCISW : Register<0xE000EF60> {};   // invalidate data line by set/way
struct SCB_DCCISW : Register<0xE000EF74> {};  // clean and invalidate data line by set/way
struct SCB_BPIALL : Register<0xE000EF78> {};

// --- MPU -----------------------------------------------------------------------------------------
struct MPU_CTRL : Register<0xE000ED94> {
  static constexpr uint32_t ENABLE = Bit(0);
  static constexpr uint32_t PRIVDEFENA = Bit(2);
};
struct MPU_RNR : Register<0xE000ED98> {};
struct MPU_RBAR : Register<0xE000ED9C> {};
struct MPU_RASR : Register<0xE000EDA0> {
  static constexpr uint32_t ENABLE = Bit(0);
  // SIZE holds log2(bytes) - 1.
  static constexpr uint32_t Size(unsigned log2_bytes) { return Field(1, log2_bytes - 1); }
  static constexpr uint32_t SubregionsOff(uint32_t mask) { return Field(8, mask); }
  static constexpr uint32_t kNormalNonCacheable = Field(19, 1);  // TEX 1, C 0, B 0
  static constexpr uint32_t S = Bit(18);
  static constexpr uint32_t kNoAccess = Field(24, 0);
  static constexpr uint32_t kFullAccess = Field(24, 3);
  static constexpr uint32_t XN = Bit(28);
};

// --- NVIC ----------------------------------------------------------------------------------------
// One byte an interrupt: its priority.
template <unsigned kInterrupt>
struct NVIC_IPR {
  static void Write(uint32_t priority) {
    constexpr unsigned kShift = 8 * (kInterrupt % 4);
    Register<0xE000E400 + (kInterrupt & ~3U)>::Replace(Field(kShift, 0xFF),
                                                       Field(kShift, priority));
  }
};
// One bit an interrupt, 32 to a word.
template <uint32_t kBase, unsigned kInterrupt>
struct NvicBit {
  static void Write() { Register<kBase + 4 * (kInterrupt / 32)>::Write(Bit(kInterrupt % 32)); }
};
template <unsigned kInterrupt>
using NVIC_ISER = NvicBit<0xE000E100, kInterrupt>;
template <unsigned kInterrupt>
using NVIC_ICER = NvicBit<0xE000E180, kInterrupt>;
template <unsigned kInterrupt>
using NVIC_ICPR = NvicBit<0xE000E280, kInterrupt>;

// --- cycle counter ---------------------------------------------------------------------------
struct DEMCR : Register<0xE000EDFC> {
  static constexpr uint32_t TRCENA = Bit(24);
};
struct DWT_CTRL : Register<0xE0001000> {
  static constexpr uint32_t CYCCNTENA = Bit(0);
};
struct DWT_CYCCNT : Register<0xE0001004> {};
struct DWT_LAR : Register<0xE0001FB0> {
  static constexpr uint32_t kUnlock = 0xC5ACCE55;
};

}  // namespace hil::board
