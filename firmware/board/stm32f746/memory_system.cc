#include "board/stm32f746/memory_system.h"

#include <cstdint>

#include "board/stm32f746/cortex_m7.h"
#include "board/stm32f746/stm32f746.h"

namespace hil::board {
namespace {

struct MpuRegion {
  uint32_t base;
  uint32_t attributes;  // MPU_RASR
};

// Over the default memory map, which stays for all the rest (PRIVDEFENA). A higher number wins.
constexpr MpuRegion kMpuRegions[] = {
    // Nothing may be read ahead of time from the external memories' ranges, 0x60000000 to
    // 0xDFFFFFFF: by default part of them is Normal memory, and a speculative read of a
    // controller without clock can hang the bus (ST AN4838). Subregions of 512 MB, four of them.
    {0x00000000, MPU_RASR::XN | MPU_RASR::kNoAccess | MPU_RASR::SubregionsOff(0x87) |
                     MPU_RASR::Size(32) | MPU_RASR::ENABLE},
    // The ITCM, unused: a null pointer faults.
    {0x00000000, MPU_RASR::XN | MPU_RASR::kNoAccess | MPU_RASR::Size(14) | MPU_RASR::ENABLE},
    // Below the stack: makes its overflow a precise MemManage fault instead of a late BusFault.
    {0x1FFF0000, MPU_RASR::XN | MPU_RASR::kNoAccess | MPU_RASR::Size(16) | MPU_RASR::ENABLE},
    // SRAM2: what the DMA reads must not wait in the data cache.
    {0x2004C000, MPU_RASR::XN | MPU_RASR::kFullAccess | MPU_RASR::kNormalNonCacheable |
                     MPU_RASR::S | MPU_RASR::Size(14) | MPU_RASR::ENABLE},
};

void StartMpu() {
  Dmb();
  MPU_CTRL::Write(0);
  for (uint32_t number = 0; number < sizeof(kMpuRegions) / sizeof(kMpuRegions[0]); ++number) {
    MPU_RNR::Write(number);
    MPU_RBAR::Write(kMpuRegions[number].base);
    MPU_RASR::Write(kMpuRegions[number].attributes);
  }
  MPU_CTRL::Write(MPU_CTRL::PRIVDEFENA | MPU_CTRL::ENABLE);
  Dsb();
  Isb();
}

// Applies a set/way operation to every line of the level 1 data cache (ARMv7-M B2.2.7: the way
// number stands in the top bits, the set number above the log2 of the line length, 32 bytes).
template <typename Operation>
void ForEveryDataLine() {
  SCB_CSSELR::Write(SCB_CSSELR::kLevel1Data);
  Dsb();
  const uint32_t geometry = SCB_CCSIDR::Read();
  const uint32_t ways = SCB_CCSIDR::Ways(geometry);
  const uint32_t sets = SCB_CCSIDR::Sets(geometry);
  constexpr unsigned kWayShift = 30;  // four ways
  constexpr unsigned kSetShift = 5;
  for (uint32_t set = 0; set < sets; ++set) {
    for (uint32_t way = 0; way < ways; ++way) {
      Operation::Write((way << kWayShift) | (set << kSetShift));
    }
  }
  Dsb();
}

void InvalidateInstructions() {
  SCB_ICIALLU::Write(0);
  SCB_BPIALL::Write(0);
  Dsb();
  Isb();
}

}  // namespace

void StartMemorySystem() {
  StartMpu();
  // A reset leaves the caches off but their contents unknown. After a reset without power cycle
  // the data cache could also be on already, when a debugger moved the program counter here.
  if (!SCB_CCR::AllSet(SCB_CCR::IC)) {
    InvalidateInstructions();
    SCB_CCR::Set(SCB_CCR::IC);
  }
  if (!SCB_CCR::AllSet(SCB_CCR::DC)) {
    ForEveryDataLine<SCB_DCISW>();
    SCB_CCR::Set(SCB_CCR::DC);
  }
  Dsb();
  Isb();
}

void FlushMemorySystem() {
  Dsb();
  ForEveryDataLine<SCB_DCCISW>();
  InvalidateInstructions();
  // The ART's own lines can be dropped only while it is off.
  FLASH_ACR::Clear(FLASH_ACR::ARTEN);
  FLASH_ACR::Set(FLASH_ACR::ARTRST);
  FLASH_ACR::Clear(FLASH_ACR::ARTRST);
  FLASH_ACR::Set(FLASH_ACR::ARTEN);
}

}  // namespace hil::board
