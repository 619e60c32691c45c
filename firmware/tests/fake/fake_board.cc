#include "tests/fake/fake_board.h"

#include <algorithm>
#include <cstdlib>

namespace hil {

namespace fake {

Board& board() {
  static Board the_board;
  return the_board;
}

}  // namespace fake

namespace board {
namespace {

constexpr size_t kWriteRoom = 1000;

alignas(16) uint8_t arena[4096];

constexpr FaultRecord kFault = {
    0,
    3,
    {0x100, 0x101, 0x102, 0x103, 0x104, 0x105, 0x106, 0x107, 0x108, 0x109, 0x10A, 0x10B, 0x10C},
    0x20003F00,
    0x08001235,
    0x08004320,
    0x61000000,
    0xFFFFFFE9,
    0x00010000,
    0x40000000,
    0xE000ED34,
    0xE000ED38,
    0,
    0x00050011,
    0};

}  // namespace

void Init() {}

uint64_t Cycles() { return fake::board().cycles; }

uint32_t CoreClockHz() { return 1'000'000; }

size_t SerialRead(Span<uint8_t> out) {
  std::deque<uint8_t>& queue = fake::board().to_device;
  const size_t count = std::min(out.size(), queue.size());
  std::copy_n(queue.begin(), count, out.begin());
  queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

size_t SerialWrite(Span<const uint8_t> data) {
  fake::Board& board = fake::board();
  const size_t count = std::min(data.size(), board.write_room);
  board.from_device.insert(board.from_device.end(), data.begin(), data.begin() + count);
  if (board.write_room != SIZE_MAX) board.write_room -= count;
  return count;
}

bool SerialSent() { return true; }

uint32_t SerialBaud() { return fake::board().baud; }

bool SerialBaudPossible(uint32_t baud) { return baud != 0 && baud <= 4'000'000; }

bool SerialSetBaud(uint32_t baud) {
  if (!SerialBaudPossible(baud)) return false;
  fake::board().baud = baud;
  return true;
}

size_t SerialReceiveCapacity() { return 4096; }

SerialErrors GetSerialErrors() { return {1, fake::board().framing_errors, 3, 4}; }

void WaitForWork() {
  fake::Board& board = fake::board();
  ++board.cycles;
  if (board.write_room == 0) board.write_room = kWriteRoom;
}

Span<const uint8_t> ModelSlot() { return {fake::board().slot.data(), fake::board().slot.size()}; }

Span<uint8_t> Arena() { return arena; }

uint32_t StackSize() { return 8192; }

uint32_t StackHighWater() { return 1234; }

void FlushCaches() { ++fake::board().cache_flushes; }

const Circumstances& GetCircumstances() {
  static constexpr Circumstances kCircumstances = {
      "fake_board", "some compiler 1.0", "-O9", 1'000'000, 54'000'000, 7, true, false, true};
  return kCircumstances;
}

Span<const uint8_t> BuildId() {
  static constexpr uint8_t kBuildId[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,
                                         10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  return kBuildId;
}

ResetReason GetResetReason() { return ResetReason::kPin; }

const FaultRecord* LastFault() { return fake::board().has_fault ? &kFault : nullptr; }

void ClearFault() { fake::board().has_fault = false; }

void SetActivity(uint32_t activity) { fake::board().activity = activity; }

void Reboot() {
  fake::board().on_reboot();
  std::abort();
}

}  // namespace board
}  // namespace hil
