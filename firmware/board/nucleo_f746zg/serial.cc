// Receive: DMA1 stream 1 fills a ring in DTCM for ever; nothing is handled per byte.
// Send: DMA1 stream 3 empties a ring in SRAM2, one contiguous piece at a time. Not in DTCM: DMA
// cannot read DTCM while the core sleeps in WFI (STM32F745xx/F746xx errata sheet ES0290).
#include "board/nucleo_f746zg/serial.h"

#include <algorithm>
#include <cstring>

#include "board/board.h"
#include "board/nucleo_f746zg/baud.h"
#include "board/nucleo_f746zg/clock.h"
#include "board/nucleo_f746zg/cortex_m7.h"
#include "board/nucleo_f746zg/interrupts.h"
#include "board/nucleo_f746zg/stm32f746.h"

namespace hil::board {
namespace {

using RxCR = DMA1_SxCR<1>;
using TxCR = DMA1_SxCR<3>;
constexpr uint32_t kDmaChannel = 4;  // RM0385 8.3.4: USART3_RX and USART3_TX

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
  const uint32_t left = DMA1_SxNDTR<1>::Read();
  static_cast<void>(DMA1_LISR::Read());
  Dmb();
  return Wrap(kReceiveSize - left, kReceiveSize);
}

// Errors wake the core, so that at another baud rate nearly each wrong byte counts; several of one
// kind between two looks count once all the same.
void CountErrors() {
  const uint32_t status = USART3_ISR::Read();
  constexpr uint32_t kAny = USART3_ISR::ORE | USART3_ISR::FE | USART3_ISR::NF | USART3_ISR::PE;
  if ((status & kAny) == 0) return;
  if ((status & USART3_ISR::ORE) != 0) ++errors.overrun;
  if ((status & USART3_ISR::FE) != 0) ++errors.framing;
  if ((status & USART3_ISR::NF) != 0) ++errors.noise;
  if ((status & USART3_ISR::PE) != 0) ++errors.parity;
  USART3_ICR::Write(USART3_ICR::ORECF | USART3_ICR::FECF | USART3_ICR::NCF | USART3_ICR::PECF);
}

void DropReceived(uint32_t write_position) {
  ++errors.overrun;
  receive_read = write_position;
  PlaceMark();
}

bool DmaSendDone() { return transmit_in_dma != 0 && DMA1_LISR::AllSet(DMA1_LISR::TCIF3); }

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
  while (TxCR::AllSet(TxCR::EN)) {  // the stream's registers may be written only when it is off
  }
  DMA1_LIFCR::Write(DMA1_LIFCR::kAllOfStream3);
  USART3_ICR::Write(USART3_ICR::TCCF);  // TC then speaks of this piece
  DMA1_SxM0AR<3>::Write(AddressOf(transmit_ring + transmit_tail));
  DMA1_SxNDTR<3>::Write(transmit_in_dma);
  Dsb();  // the bytes are in SRAM2
  TxCR::Set(TxCR::EN);
}

void StartPins() {
  RCC_AHB1ENR::Set(RCC_AHB1ENR::GPIODEN);
  static_cast<void>(RCC_AHB1ENR::Read());
  constexpr unsigned kTx = 8;
  constexpr unsigned kRx = 9;
  constexpr uint32_t kAlternateFunction7 = 7;
  GPIOD_AFRH::Replace(
      Field(4 * (kTx - 8), 15) | Field(4 * (kRx - 8), 15),
      Field(4 * (kTx - 8), kAlternateFunction7) | Field(4 * (kRx - 8), kAlternateFunction7));
  GPIOD_OSPEEDR::Replace(Field(2 * kTx, 3), Field(2 * kTx, 1));  // medium, up to 50 MHz
  // An unconnected receiver sees an idle line instead of noise.
  GPIOD_PUPDR::Replace(Field(2 * kRx, 3), Field(2 * kRx, 1));
  GPIOD_MODER::Replace(Field(2 * kTx, 3) | Field(2 * kRx, 3),
                       Field(2 * kTx, 2) | Field(2 * kRx, 2));
}

void StartReceiveDma() {
  DMA1_SxPAR<1>::Write(USART3_RDR::kRegisterAddress);
  DMA1_SxM0AR<1>::Write(AddressOf(receive_ring));
  DMA1_SxNDTR<1>::Write(kReceiveSize);
  DMA1_SxFCR<1>::Write(0);  // direct mode: a byte does not wait in the FIFO for others
  DMA1_LIFCR::Write(DMA1_LIFCR::kAllOfStream1);
  RxCR::Write(RxCR::CHSEL(kDmaChannel) | RxCR::kPriorityHigh | RxCR::MINC | RxCR::CIRC |
              RxCR::kPeripheralToMemory);
  RxCR::Set(RxCR::EN);
}

void PrepareTransmitDma() {
  DMA1_SxPAR<3>::Write(USART3_TDR::kRegisterAddress);
  DMA1_SxFCR<3>::Write(0);
  TxCR::Write(TxCR::CHSEL(kDmaChannel) | TxCR::MINC | TxCR::kMemoryToPeripheral | TxCR::TCIE);
}

// Sets the divider; the USART is off meanwhile (RM0385 31.8.1: BRR and OVER8 need UE = 0).
void Configure(const BaudSetting& setting) {
  constexpr uint32_t kMode =
      USART3_CR1::TE | USART3_CR1::RE | USART3_CR1::CMIE | USART3_CR1::IDLEIE;
  USART3_CR1::Clear(USART3_CR1::UE);
  USART3_BRR::Write(setting.brr);
  USART3_CR1::Write(kMode | (setting.oversampling_by_8 ? USART3_CR1::OVER8 : 0));
  USART3_CR1::Set(USART3_CR1::UE);
  while (!USART3_ISR::AllSet(USART3_ISR::TEACK | USART3_ISR::REACK)) {
  }
  baud = setting.actual_baud;
}

// --- waking -----------------------------------------------------------------------------------

// The send path wakes the core only if somebody waits for it.
void ArmTransmitWakeUps() {
  if (space_awaited || sent_awaited || RingHoldsMoreThanDma()) {
    NVIC_ISER<kDma1Stream3Interrupt>::Write();
  } else {
    NVIC_ICER<kDma1Stream3Interrupt>::Write();
  }
  // TC is a level and stays: enabled when the line is idle it would never let the core sleep.
  if (sent_awaited && TransmitIdle() && !USART3_ISR::AllSet(USART3_ISR::TC)) {
    USART3_CR1::Set(USART3_CR1::TCIE);
  } else {
    USART3_CR1::Clear(USART3_CR1::TCIE);
  }
}

void ClearWakeUps() {
  CountErrors();
  USART3_ICR::Write(USART3_ICR::CMCF | USART3_ICR::IDLECF);
  Dsb();  // the lines are low before the pending bits are cleared
  NVIC_ICPR<kUsart3Interrupt>::Write();
  NVIC_ICPR<kDma1Stream3Interrupt>::Write();
  Dsb();
}

bool WorkToDo() {
  // Who waits for space reads nothing meanwhile: requests in the ring must not keep the core awake.
  if (space_awaited) return DmaSendDone() || TransmitSpace() != 0;
  // A byte that the DMA has not moved yet: its character match may have just been cleared.
  if (USART3_ISR::AnySet(USART3_ISR::RXNE)) return true;
  if (ReceiveWritePosition() != receive_read) return true;
  if (DmaSendDone() && (sent_awaited || RingHoldsMoreThanDma())) return true;
  return sent_awaited && TransmitIdle() && USART3_ISR::AllSet(USART3_ISR::TC);
}

constexpr BaudSetting kInitialSetting = ChooseBaud(kUsart3Hz, kInitialBaud);
static_assert(kInitialSetting.possible && !kInitialSetting.oversampling_by_8);
static_assert(ChooseBaud(kUsart3Hz, 921600).brr == 59, "915254 baud, 0.7 % slow");
static_assert(ChooseBaud(kUsart3Hz, 3'000'000).brr == 18, "exact");
static_assert(ChooseBaud(kUsart3Hz, 6'000'000).brr == 0x11, "by 8: 18 is 0x12, 0x10 | 0x2 >> 1");
static_assert(!ChooseBaud(kUsart3Hz, 4'000'000).possible, "13.5: 3.6 % off either way");
static_assert(ChooseBaud(kUsart3Hz, 6'750'000).brr == 0x10, "the fastest");
static_assert(!ChooseBaud(kUsart3Hz, 7'000'000).possible);
static_assert(!ChooseBaud(kUsart3Hz, 0).possible && !ChooseBaud(kUsart3Hz, 300).possible);

}  // namespace

void StartSerial() {
  RCC_AHB1ENR::Set(RCC_AHB1ENR::DMA1EN);
  RCC_APB1ENR::Set(RCC_APB1ENR::USART3EN);
  RCC_DCKCFGR2::Clear(RCC_DCKCFGR2::USART3SEL);
  static_cast<void>(RCC_APB1ENR::Read());
  StartPins();
  receive_read = 0;
  PlaceMark();
  USART3_CR2::Write(USART3_CR2::ADD(0x00));  // the delimiter of a frame
  USART3_CR3::Write(USART3_CR3::DMAR | USART3_CR3::DMAT | USART3_CR3::EIE);
  StartReceiveDma();
  PrepareTransmitDma();
  Configure(kInitialSetting);
  PrepareWakeUp<kDma1Stream3Interrupt>();
  PrepareWakeUp<kUsart3Interrupt>();
  NVIC_ISER<kUsart3Interrupt>::Write();
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
  sent_awaited = !(TransmitIdle() && USART3_ISR::AllSet(USART3_ISR::TC));
  return !sent_awaited;
}

uint32_t SerialBaud() { return baud; }

bool SerialBaudPossible(uint32_t wanted) { return ChooseBaud(kUsart3Hz, wanted).possible; }

bool SerialSetBaud(uint32_t wanted) {
  const BaudSetting setting = ChooseBaud(kUsart3Hz, wanted);
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
