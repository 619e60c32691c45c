// Receive: a DMA stream fills a ring in DTCM for ever; nothing is handled per byte.
// Send: another empties a ring in SRAM2, one contiguous piece at a time. Not in DTCM: DMA
// cannot read DTCM while the core sleeps in WFI (STM32F745xx/F746xx errata sheet ES0290).
#include "board/stm32f746/serial.h"

#include <algorithm>
#include <cstring>

#include "board/board.h"
#include "board/stm32f746/baud.h"
#include "board/stm32f746/cortex_m7.h"
#include "board/stm32f746/interrupts.h"
#include "board/stm32f746/stm32f746.h"
#include "console.h"

namespace hil::board {
namespace {

using Usart = Console::Usart;
using RxStream = Console::RxStream;
using TxStream = Console::TxStream;

// --- receive ring ---------------------------------------------------------------------------
constexpr uint32_t kReceiveSize = 16384;
[[gnu::section(".dtcm_uninitialised")]] uint8_t receive_ring[kReceiveSize];
uint32_t receive_read;  // next byte that the application gets

// The DMA's counter cannot tell whether it has lapped the reader. A mark stands in the last bytes
// before the reader's position, the ones that would be overwritten last: damaged, and bytes are
// lost (or are about to be).
constexpr uint8_t kMark[] = {0xA5, 0x1E, 0xC3, 0x7B};
constexpr uint32_t kMarkSize = sizeof(kMark);

// --- transmit ring --------------------------------------------------------------------------
constexpr uint32_t kTransmitSize = 16384;
[[gnu::section(".dma_read")]] uint8_t transmit_ring[kTransmitSize];
uint32_t transmit_head;      // next free byte
uint32_t transmit_tail;      // first byte that has not left the ring
uint32_t transmit_in_dma;    // bytes from the tail on that the DMA is sending
bool space_awaited = false;  // SerialWrite() could not take everything
bool sent_awaited = false;   // SerialSent() had to say no

constexpr uint32_t Wrap(uint32_t index, uint32_t size) { return index & (size - 1); }
static_assert((kReceiveSize & (kReceiveSize - 1)) == 0);
static_assert((kTransmitSize & (kTransmitSize - 1)) == 0);
static_assert(kReceiveSize < 65536 && kTransmitSize < 65536, "NDTR has 16 bits");

uint32_t baud;
SerialErrors errors;

uint32_t AddressOf(const uint8_t* memory) { return reinterpret_cast<uint32_t>(memory); }

void PlaceMark() {
  for (uint32_t i = 0; i < kMarkSize; ++i) {
    receive_ring[Wrap(receive_read - kMarkSize + i, kReceiveSize)] = kMark[i];
  }
}

bool MarkIntact() {
  for (uint32_t i = 0; i < kMarkSize; ++i) {
    if (receive_ring[Wrap(receive_read - kMarkSize + i, kReceiveSize)] != kMark[i]) return false;
  }
  return true;
}

// Where the DMA writes next. NDTR counts a byte when it is taken from the USART; the second
// access to the DMA gives that byte the time to reach the memory.
uint32_t ReceiveWritePosition() {
  const uint32_t left = RxStream::NDTR::Read();
  static_cast<void>(RxStream::ISR::Read());
  Dmb();
  return Wrap(kReceiveSize - left, kReceiveSize);
}

// Errors wake the core, so that at another baud rate nearly each wrong byte counts; several of one
// kind between two looks count once all the same.
void CountErrors() {
  const uint32_t status = Usart::ISR::Read();
  constexpr uint32_t kAny = Usart::ISR::ORE | Usart::ISR::FE | Usart::ISR::NF | Usart::ISR::PE;
  if ((status & kAny) == 0) return;
  if ((status & Usart::ISR::ORE) != 0) ++errors.overrun;
  if ((status & Usart::ISR::FE) != 0) ++errors.framing;
  if ((status & Usart::ISR::NF) != 0) ++errors.noise;
  if ((status & Usart::ISR::PE) != 0) ++errors.parity;
  Usart::ICR::Write(Usart::ICR::ORECF | Usart::ICR::FECF | Usart::ICR::NCF | Usart::ICR::PECF);
}

void DropReceived(uint32_t write_position) {
  ++errors.overrun;
  receive_read = write_position;
  PlaceMark();
}

bool DmaSendDone() { return transmit_in_dma != 0 && TxStream::ISR::AllSet(TxStream::ISR::TCIF); }

bool RingHoldsMoreThanDma() {
  return Wrap(transmit_tail + transmit_in_dma, kTransmitSize) != transmit_head;
}

// One byte stays free, to tell a full ring from an empty one.
uint32_t TransmitSpace() { return Wrap(transmit_tail - transmit_head - 1, kTransmitSize); }

bool TransmitIdle() { return transmit_in_dma == 0 && transmit_head == transmit_tail; }

// Retires the piece that the DMA has finished and starts the next.
void PumpTransmit() {
  if (transmit_in_dma != 0) {
    if (!DmaSendDone()) return;
    transmit_tail = Wrap(transmit_tail + transmit_in_dma, kTransmitSize);
    transmit_in_dma = 0;
  }
  if (transmit_head == transmit_tail) return;
  const uint32_t end = transmit_head > transmit_tail ? transmit_head : kTransmitSize;
  transmit_in_dma = end - transmit_tail;
  // The stream's registers may be written only when it is off.
  while (TxStream::CR::AllSet(TxStream::CR::EN)) {
  }
  TxStream::IFCR::Write(TxStream::IFCR::kAll);
  Usart::ICR::Write(Usart::ICR::TCCF);  // TC then speaks of this piece
  TxStream::M0AR::Write(AddressOf(transmit_ring + transmit_tail));
  TxStream::NDTR::Write(transmit_in_dma);
  Dsb();  // the bytes are in SRAM2
  TxStream::CR::Set(TxStream::CR::EN);
}

void StartPins() {
  using Tx = Console::TxPin;
  using Rx = Console::RxPin;
  RCC_AHB1ENR::Set(Tx::Port::kEnable | Rx::Port::kEnable);
  static_cast<void>(RCC_AHB1ENR::Read());
  Tx::SelectAlternateFunction(Console::kAlternateFunction);
  Rx::SelectAlternateFunction(Console::kAlternateFunction);
  Tx::SetMediumSpeed();
  Rx::PullUp();  // an unconnected receiver sees an idle line instead of noise
  Tx::GiveToPeripheral();
  Rx::GiveToPeripheral();
}

void StartReceiveDma() {
  RxStream::PAR::Write(Usart::RDR::kRegisterAddress);
  RxStream::M0AR::Write(AddressOf(receive_ring));
  RxStream::NDTR::Write(kReceiveSize);
  RxStream::FCR::Write(0);  // direct mode: a byte does not wait in the FIFO for others
  RxStream::IFCR::Write(RxStream::IFCR::kAll);
  RxStream::CR::Write(RxStream::CR::CHSEL(Console::kDmaChannel) | RxStream::CR::kPriorityHigh |
                      RxStream::CR::MINC | RxStream::CR::CIRC | RxStream::CR::kPeripheralToMemory);
  RxStream::CR::Set(RxStream::CR::EN);
}

void PrepareTransmitDma() {
  TxStream::PAR::Write(Usart::TDR::kRegisterAddress);
  TxStream::FCR::Write(0);
  TxStream::CR::Write(TxStream::CR::CHSEL(Console::kDmaChannel) | TxStream::CR::MINC |
                      TxStream::CR::kMemoryToPeripheral | TxStream::CR::TCIE);
}

// Sets the divider; the USART is off meanwhile (RM0385 31.8.1: BRR and OVER8 need UE = 0).
void Configure(const BaudSetting& setting) {
  constexpr uint32_t kMode =
      Usart::CR1::TE | Usart::CR1::RE | Usart::CR1::CMIE | Usart::CR1::IDLEIE;
  Usart::CR1::Clear(Usart::CR1::UE);
  Usart::BRR::Write(setting.brr);
  Usart::CR1::Write(kMode | (setting.oversampling_by_8 ? Usart::CR1::OVER8 : 0));
  Usart::CR1::Set(Usart::CR1::UE);
  while (!Usart::ISR::AllSet(Usart::ISR::TEACK | Usart::ISR::REACK)) {
  }
  baud = setting.actual_baud;
}

// --- waking -----------------------------------------------------------------------------------

// The send path wakes the core only if somebody waits for it.
void ArmTransmitWakeUps() {
  if (space_awaited || sent_awaited || RingHoldsMoreThanDma()) {
    NVIC_ISER<TxStream::kInterrupt>::Write();
  } else {
    NVIC_ICER<TxStream::kInterrupt>::Write();
  }
  // TC is a level and stays: enabled when the line is idle it would never let the core sleep.
  if (sent_awaited && TransmitIdle() && !Usart::ISR::AllSet(Usart::ISR::TC)) {
    Usart::CR1::Set(Usart::CR1::TCIE);
  } else {
    Usart::CR1::Clear(Usart::CR1::TCIE);
  }
}

void ClearWakeUps() {
  CountErrors();
  Usart::ICR::Write(Usart::ICR::CMCF | Usart::ICR::IDLECF);
  Dsb();  // the lines are low before the pending bits are cleared
  NVIC_ICPR<Usart::kInterrupt>::Write();
  NVIC_ICPR<TxStream::kInterrupt>::Write();
  Dsb();
}

bool WorkToDo() {
  // Who waits for space reads nothing meanwhile: requests in the ring must not keep the core awake.
  if (space_awaited) return DmaSendDone() || TransmitSpace() != 0;
  // A byte that the DMA has not moved yet: its character match may have just been cleared.
  if (Usart::ISR::AnySet(Usart::ISR::RXNE)) return true;
  if (ReceiveWritePosition() != receive_read) return true;
  if (DmaSendDone() && (sent_awaited || RingHoldsMoreThanDma())) return true;
  return sent_awaited && TransmitIdle() && Usart::ISR::AllSet(Usart::ISR::TC);
}

constexpr BaudSetting kInitialSetting = ChooseBaud(Console::kClockHz, kInitialBaud);
static_assert(kInitialSetting.possible && !kInitialSetting.oversampling_by_8);

}  // namespace

void StartSerial() {
  RCC_AHB1ENR::Set(RxStream::kEnable | TxStream::kEnable);
  Usart::ENR::Set(Usart::kEnable);
  RCC_DCKCFGR2::Clear(Usart::kClockSelection);
  static_cast<void>(Usart::ENR::Read());
  StartPins();
  receive_read = 0;
  PlaceMark();
  Usart::CR2::Write(Usart::CR2::ADD(0x00));  // the delimiter of a frame
  Usart::CR3::Write(Usart::CR3::DMAR | Usart::CR3::DMAT | Usart::CR3::EIE);
  StartReceiveDma();
  PrepareTransmitDma();
  Configure(kInitialSetting);
  PrepareWakeUp<TxStream::kInterrupt>();
  PrepareWakeUp<Usart::kInterrupt>();
  NVIC_ISER<Usart::kInterrupt>::Write();
}

size_t SerialRead(Span<uint8_t> out) {
  CountErrors();
  const uint32_t write_position = ReceiveWritePosition();
  const uint32_t available = Wrap(write_position - receive_read, kReceiveSize);
  const uint32_t count = std::min<uint32_t>(available, out.size());
  const uint32_t first = std::min(count, kReceiveSize - receive_read);
  std::memcpy(out.data(), receive_ring + receive_read, first);
  std::memcpy(out.data() + first, receive_ring, count - first);
  Dmb();
  if (!MarkIntact()) {  // looked at after copying: until then the copy could be overtaken
    DropReceived(ReceiveWritePosition());
    return 0;
  }
  if (count != 0) {
    receive_read = Wrap(receive_read + count, kReceiveSize);
    PlaceMark();
  }
  return count;
}

size_t SerialWrite(Span<const uint8_t> data) {
  PumpTransmit();
  const uint32_t count = std::min<uint32_t>(TransmitSpace(), data.size());
  const uint32_t first = std::min(count, kTransmitSize - transmit_head);
  std::memcpy(transmit_ring + transmit_head, data.data(), first);
  std::memcpy(transmit_ring, data.data() + first, count - first);
  transmit_head = Wrap(transmit_head + count, kTransmitSize);
  space_awaited = count < data.size();
  PumpTransmit();
  return count;
}

bool SerialSent() {
  PumpTransmit();
  sent_awaited = !(TransmitIdle() && Usart::ISR::AllSet(Usart::ISR::TC));
  return !sent_awaited;
}

uint32_t SerialBaud() { return baud; }

bool SerialBaudPossible(uint32_t wanted) { return ChooseBaud(Console::kClockHz, wanted).possible; }

bool SerialSetBaud(uint32_t wanted) {
  const BaudSetting setting = ChooseBaud(Console::kClockHz, wanted);
  if (!setting.possible) return false;
  Configure(setting);
  return true;
}

size_t SerialReceiveCapacity() { return kReceiveSize - kMarkSize; }

SerialErrors GetSerialErrors() { return errors; }

// Clear, look, sleep: what arrives after the look is pending and ends the WFI at once. Bytes in
// the middle of a frame do not wake; its delimiter does, and so does a line gone idle.
void WaitForWork() {
  PumpTransmit();
  ArmTransmitWakeUps();
  ClearWakeUps();
  if (WorkToDo()) return;
  SleepUntilPending();
}

}  // namespace hil::board
