// The serial port is the master side of a pseudo-terminal; the host opens the other side.
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "board/board.h"
#include "board/posix/posix.h"
#include "link/protocol.h"

namespace hil::board {
namespace {

constexpr size_t kReceiveCapacity = 8192;
constexpr uint32_t kSlowest = 1200;
constexpr uint32_t kFastest = 4'000'000;

int tty = -1;
bool full = false;  // the last write did not take everything
uint32_t baud = link::kDefaultBaud;

void Announce(const char* path) {
  const char* link_path = std::getenv(posix::kLinkVariable);
  if (link_path != nullptr && symlink(path, link_path) != 0) posix::Die(link_path);
  std::printf("tty: %s\n", path);
  std::fflush(stdout);
}

}  // namespace

namespace posix {

void OpenSerial() {
  tty = InheritedDescriptor(kTtyVariable);
  if (tty >= 0) return;
  tty = posix_openpt(O_RDWR | O_NOCTTY);
  if (tty < 0 || grantpt(tty) != 0 || unlockpt(tty) != 0) Die("posix_openpt");
  const char* path = ptsname(tty);
  // Kept open for good, over restarts too: without any open slave the master reads errors.
  const int slave = open(path, O_RDWR | O_NOCTTY);
  termios settings;
  if (slave < 0 || tcgetattr(slave, &settings) != 0) Die(path);
  cfmakeraw(&settings);
  if (tcsetattr(slave, TCSANOW, &settings) != 0) Die(path);
  if (fcntl(tty, F_SETFL, O_NONBLOCK) != 0) Die("fcntl");
  PassOnDescriptor(kTtyVariable, tty);
  Announce(path);
}

}  // namespace posix

size_t SerialRead(Span<uint8_t> out) {
  const ssize_t count = read(tty, out.data(), out.size());
  return count > 0 ? static_cast<size_t>(count) : 0;
}

size_t SerialWrite(Span<const uint8_t> data) {
  const ssize_t count = write(tty, data.data(), data.size());
  const size_t taken = count > 0 ? static_cast<size_t>(count) : 0;
  full = taken < data.size();
  return taken;
}

bool SerialSent() { return true; }

uint32_t SerialBaud() { return baud; }

bool SerialBaudPossible(uint32_t wanted) { return wanted >= kSlowest && wanted <= kFastest; }

bool SerialSetBaud(uint32_t new_baud) {
  if (!SerialBaudPossible(new_baud)) return false;
  baud = new_baud;
  return true;
}

size_t SerialReceiveCapacity() { return kReceiveCapacity; }

SerialErrors GetSerialErrors() { return {}; }

void WaitForWork() {
  pollfd waiting = {tty, static_cast<short>(full ? POLLOUT : POLLIN), 0};
  poll(&waiting, 1, -1);
}

}  // namespace hil::board
