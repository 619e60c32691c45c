#include "app/self_test.h"

#include <cstdint>

namespace hil::app {
namespace {

// Reserved in the memory map of the STM32F74x (RM0385, "Memory map"): no bus slave answers. Nor
// does a 64-bit desktop process have anything there.
constexpr uintptr_t kNowhere = 0x30000000;

}  // namespace

void FailAsArmed(link::SelfTest kind) {
  switch (kind) {
    case link::SelfTest::kUndefinedInstruction:
      __builtin_trap();
    case link::SelfTest::kBadRead:
      static_cast<void>(*reinterpret_cast<const volatile uint32_t*>(kNowhere));
      break;
    case link::SelfTest::kHang:
      for (volatile bool forever = true; forever;) {
      }
      break;
    case link::SelfTest::kNone:
    case link::SelfTest::kSilent:
      break;
  }
}

}  // namespace hil::app
