// Fuzzes everything on the device that parses bytes of the line or of the model slot: frame
// decoder, session, every command, slot directory, lists of states and what is fed back by them.
// The engine is the fake one; the real one's model parser has a fuzz target of its own.
//
// Random bytes hardly ever carry a right CRC-32, so the input is a script:
//   first byte     bit 0: the input is the model slot's contents, too, made an entry by magic,
//                  hash and CRC-32; otherwise the slot holds a good model
//                  bit 1: there is a fault record, bit 2: a narrow transmit queue
//                  bit 3: the slot holds a single-step model; its states are right, or with bit 4
//                  the next byte's number of bytes is their list, made whole by its CRC-32
//   then records   op u8, length u8, data
//     op bit 0     data goes to the line as it is
//     otherwise    a well-formed frame: type = op >> 1 & 31, flags = data[0], payload = the rest,
//                  repeated eight times if op bit 6; with the next sequence number, or the last
//                  one again if op bit 7
// Whatever comes in, what the device says must be whole frames.
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "app/command_loop.h"
#include "app/self_test.h"
#include "link/crc32.h"
#include "link/frame_decoder.h"
#include "link/frame_encoder.h"
#include "tests/fake/fake_board.h"

namespace hil::app {

// The armed failures work only too well for a fuzzer.
void FailAsArmed(link::SelfTest) {}

}  // namespace hil::app

namespace {

using hil::Span;
namespace fake = hil::fake;
namespace link = hil::link;

std::jmp_buf rebooted;

constexpr size_t kRepetitions = 8;
constexpr uint8_t kHash[16] = {0xAB};
constexpr size_t kHeaderBytes = 64;

// An entry of harness/tflm_hil/models/slot/slot.py, whose lengths are `image`'s own.
std::vector<uint8_t> SlotWith(std::vector<uint8_t> image) {
  constexpr uint8_t kStart[] = {'H', 'I', 'L', 'M', 1, 0, kHeaderBytes, 0};
  const auto set = [&image](size_t at, const void* bytes, size_t count) {
    std::memcpy(image.data() + at, bytes, count);
  };
  if (image.size() < kHeaderBytes) return image;
  set(0, kStart, sizeof kStart);
  set(16, kHash, sizeof kHash);
  uint32_t length;
  std::memcpy(&length, image.data() + 8, sizeof length);
  if (length <= image.size() - kHeaderBytes) {
    const uint32_t crc = link::Crc32Of({image.data() + kHeaderBytes, length});
    set(12, &crc, sizeof crc);
  }
  const uint32_t header_crc = link::Crc32Of({image.data(), kHeaderBytes - 4});
  set(kHeaderBytes - 4, &header_crc, sizeof header_crc);
  return image;
}

std::vector<uint8_t> GoodSlot() {
  std::vector<uint8_t> image(64, 0);
  constexpr char kModel[] = "FAKE";
  image[8] = sizeof kModel;
  image.insert(image.end(), kModel, kModel + sizeof kModel);
  return SlotWith(image);
}

// Input h and output h_next of the fake engine's single-step model, as they are.
std::vector<uint8_t> RightStates() {
  return {1,    0,    1,    0,                 // version 1, one record
          1,    0,    20,   0,                 // kind 1, 20 bytes
          0,    0,    0,    0,                 // input 0, output 0
          0,    0,    0,    0x3F, 3, 0, 0, 0,  // 0.5, 3
          0,    0,    0x80, 0x3E,              // 0.25
          0xFF, 0xFF, 0xFF, 0xFF};             // -1
}

std::vector<uint8_t> StepSlot(const std::vector<uint8_t>& states) {
  constexpr uint8_t kModel[8] = {'F', 'A', 'K', 'E', '2'};
  std::vector<uint8_t> image(kHeaderBytes, 0);
  image[8] = sizeof kModel;
  const uint32_t aux_length = static_cast<uint32_t>(sizeof(uint32_t) + states.size());
  std::memcpy(image.data() + 56, &aux_length, sizeof aux_length);
  image.insert(image.end(), kModel, kModel + sizeof kModel);
  const uint32_t crc = link::Crc32Of({states.data(), states.size()});
  const auto* crc_bytes = reinterpret_cast<const uint8_t*>(&crc);
  image.insert(image.end(), crc_bytes, crc_bytes + sizeof crc);
  image.insert(image.end(), states.begin(), states.end());
  return SlotWith(image);
}

void ToDevice(Span<const uint8_t> bytes) {
  fake::board().to_device.insert(fake::board().to_device.end(), bytes.begin(), bytes.end());
}

void FrameToDevice(uint8_t type, uint16_t seq, Span<const uint8_t> data, size_t repetitions) {
  static uint8_t wire[link::kMaxWire];
  link::FrameEncoder frame(wire);
  frame.Begin(type, data.empty() ? 0 : data[0], seq);
  for (size_t i = 0; i < repetitions && !data.empty(); ++i) frame.Add(data.subspan(1));
  ToDevice({wire, frame.Finish()});
}

void Run(hil::app::CommandLoop* loop) {
  while (!fake::board().to_device.empty()) loop->Poll();
  loop->Poll();
}

void CheckWhatWasSaid() {
  static uint8_t buffer[link::kMaxFrame];
  link::FrameDecoder decoder(buffer);
  const std::vector<uint8_t>& said = fake::board().from_device;
  for (size_t at = 0; at < said.size();) {
    size_t used = 0;
    if (decoder.Feed({said.data() + at, said.size() - at}, &used) !=
        link::FrameDecoder::Status::kFrame) {
      std::abort();
    }
    at += used;
  }
}

void Play(Span<const uint8_t> script) {
  const auto loop = std::make_unique<hil::app::CommandLoop>();
  loop->Start();
  if (setjmp(rebooted) == 0) {
    const uint8_t hello[] = {0, 1, 2, 3, 4};
    FrameToDevice(static_cast<uint8_t>(link::Type::kHello), 0, hello, 1);
    uint8_t load[1 + sizeof kHash] = {0};
    std::memcpy(load + 1, kHash, sizeof kHash);
    FrameToDevice(static_cast<uint8_t>(link::Type::kLoad), 1, load, 1);
    Run(loop.get());
    uint16_t seq = 1;
    while (script.size() >= 2) {
      const uint8_t op = script[0];
      const size_t length = script.size() - 2 < script[1] ? script.size() - 2 : script[1];
      const Span<const uint8_t> data = script.subspan(2, length);
      script = script.subspan(2 + length);
      if ((op & 1U) != 0) {
        ToDevice(data);
      } else {
        if ((op & 0x80U) == 0) ++seq;
        FrameToDevice(op >> 1 & 31U, seq, data, (op & 0x40U) != 0 ? kRepetitions : 1);
        if ((op >> 1 & 31U) == static_cast<uint8_t>(link::Type::kHello)) seq = 0;
      }
      Run(loop.get());
    }
  }
  CheckWhatWasSaid();
  hil::engine::SetProfiler(nullptr);  // it belongs to the loop, which ends here
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  fake::board() = fake::Board();
  fake::board().has_fault = (data[0] & 2U) != 0;
  fake::board().write_room = (data[0] & 4U) != 0 ? 3 : SIZE_MAX;
  fake::board().on_reboot = [] { std::longjmp(rebooted, 1); };
  Span<const uint8_t> script(data + 1, size - 1);
  if ((data[0] & 1U) != 0) {
    fake::board().slot = SlotWith({script.begin(), script.end()});
  } else if ((data[0] & 8U) == 0) {
    fake::board().slot = GoodSlot();
  } else if ((data[0] & 16U) == 0 || script.empty()) {
    fake::board().slot = StepSlot(RightStates());
  } else {
    const size_t length = script.size() - 1 < script[0] ? script.size() - 1 : script[0];
    const Span<const uint8_t> states = script.subspan(1, length);
    fake::board().slot = StepSlot({states.begin(), states.end()});
    script = script.subspan(1 + length);
  }
  Play(script);
  return 0;
}
