// What the application needs of a board. Implemented once per board directory; the POSIX one
// runs the same application on a desktop for sanitizers and fuzzing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/span.h"

namespace hil::board {

// Clocks, caches, FPU, serial port, cycle counter. Called once, first thing in main().
void Init();

// --- time -------------------------------------------------------------------------------
// Core cycles since Init, never wraps in practice (64 bits).
uint64_t Cycles();
uint32_t CoreClockHz();

// --- serial port ------------------------------------------------------------------------
// Copies what has arrived into `out`; returns the number of bytes, 0 if nothing is there.
size_t SerialRead(Span<uint8_t> out);
// Queues for sending; returns how many bytes were taken (0 if the queue is full).
size_t SerialWrite(Span<const uint8_t> data);
// True when everything queued has left the shift register.
bool SerialSent();
uint32_t SerialBaud();
// True if the clock tree can give `baud` within 2 %.
bool SerialBaudPossible(uint32_t baud);
// False, and nothing changed, if it cannot. The caller waits for SerialSent() first.
bool SerialSetBaud(uint32_t baud);
size_t SerialReceiveCapacity();  // bytes that may arrive unread before the oldest is lost

struct SerialErrors {
  uint32_t overrun;  // receive ring overwritten before it was read, or USART ORE
  uint32_t framing;
  uint32_t noise;
  uint32_t parity;
};
SerialErrors GetSerialErrors();

// Sleeps until something may have happened on the serial port (WFI); may return early.
void WaitForWork();

// --- memory -----------------------------------------------------------------------------
Span<const uint8_t> ModelSlot();  // all of it, erased or not
Span<uint8_t> Arena();            // 16-byte aligned
uint32_t StackSize();
uint32_t StackHighWater();  // deepest use since start-up [bytes]
void FlushCaches();         // the next inference starts with cold caches

// --- identity ---------------------------------------------------------------------------
struct Circumstances {
  const char* board;     // "nucleo_f746zg", "posix"
  const char* compiler;  // "GNU 12.2.1"
  const char* flags;     // "-O3 -mcpu=cortex-m7 ..."
  uint32_t hclk_hz;
  uint32_t serial_clock_hz;
  uint8_t flash_wait_states;
  bool art;  // ART accelerator and prefetch
  bool icache;
  bool dcache;
};
const Circumstances& GetCircumstances();
Span<const uint8_t> BuildId();  // GNU build-id of the running image (20 bytes), empty on posix
enum class ResetReason : uint8_t { kPowerOn, kPin, kSoftware, kWatchdog, kLowPower, kOther };
ResetReason GetResetReason();

// --- faults -----------------------------------------------------------------------------
// Kept in memory that start-up does not clear: survives a reset, not a power cycle.
struct FaultRecord {
  uint32_t magic;
  uint32_t sequence;          // counts faults since power-on
  uint32_t r[13];             // r0..r12
  uint32_t sp, lr, pc, xpsr;  // of the interrupted code
  uint32_t exc_return;
  uint32_t cfsr, hfsr, mmfar, bfar, dfsr;
  uint32_t request;  // SetActivity() value when it happened
  uint32_t crc32;    // of all that stands before it
};
const FaultRecord* LastFault();  // nullptr if there is none
void ClearFault();
// What the application is doing, kept for the fault record: (message type << 16) | sequence number.
void SetActivity(uint32_t activity);

[[noreturn]] void Reboot();

}  // namespace hil::board
