#include "board/board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "board/posix/posix.h"

namespace hil::board {
namespace {

#ifdef HIL_IMITATES
constexpr size_t kArenaBytes = 64 << 20;  // a model that fits a board must fit here
#else
constexpr size_t kArenaBytes = 192 * 1024;
#endif
constexpr size_t kErasedSlotBytes = 512 * 1024;
// Nanoseconds are the cycles of this board.
constexpr uint32_t kClockHz = 1'000'000'000;

alignas(16) uint8_t arena[kArenaBytes];
Span<const uint8_t> model_slot;
uint64_t start_ns;

uint64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * kClockHz + static_cast<uint64_t>(now.tv_nsec);
}

void MapSlot() {
  const char* path = std::getenv(posix::kSlotVariable);
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (path != nullptr && (file < 0 || fstat(file, &info) != 0)) posix::Die(path);
  const bool erased = info.st_size == 0;
  const size_t size = erased ? kErasedSlotBytes : static_cast<size_t>(info.st_size);
  void* memory =
      erased ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
             : mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) posix::Die("mmap");
  if (erased) {
    uint8_t* bytes = static_cast<uint8_t*>(memory);
    for (size_t i = 0; i < size; ++i) bytes[i] = 0xFF;
  }
  model_slot = {static_cast<const uint8_t*>(memory), size};
}

}  // namespace

namespace posix {

int InheritedDescriptor(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? -1 : std::atoi(text);
}

void PassOnDescriptor(const char* variable, int descriptor) {
  char text[16];
  std::snprintf(text, sizeof text, "%d", descriptor);
  setenv(variable, text, 1);
}

void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

bool IsRestart() {
  // Settled before Init() passes the descriptors on to the next start.
  static const bool restart = InheritedDescriptor(kTtyVariable) >= 0;
  return restart;
}

}  // namespace posix

void Init() {
  start_ns = Now();
  posix::IsRestart();
  MapSlot();
  posix::ArmFaults();
  posix::OpenSerial();
}

uint64_t Cycles() { return Now() - start_ns; }

uint32_t CoreClockHz() { return kClockHz; }

Span<const uint8_t> ModelSlot() { return model_slot; }

Span<uint8_t> Arena() { return arena; }

// The desktop's stack is as large as it is; nobody measures it.
uint32_t StackSize() { return 0; }

uint32_t StackHighWater() { return 0; }

void FlushCaches() {}

const Circumstances& GetCircumstances() {
  static constexpr Circumstances kCircumstances = {
      "posix", HIL_COMPILER, HIL_COMPILE_FLAGS, kClockHz, kClockHz, 0, false, false, false};
  return kCircumstances;
}

Span<const uint8_t> BuildId() { return {}; }

ResetReason GetResetReason() {
  return posix::IsRestart() ? ResetReason::kSoftware : ResetReason::kPowerOn;
}

void Reboot() {
  char program[] = "hil_app";
  char* const arguments[] = {program, nullptr};
  execv("/proc/self/exe", arguments);
  _exit(1);
}

}  // namespace hil::board
