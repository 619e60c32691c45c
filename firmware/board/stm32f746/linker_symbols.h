// Symbols of stm32f746.ld. Only their addresses mean something.
#pragma once

#include <cstdint>

extern "C" {
extern const uint8_t __build_id_note[];
extern const uint32_t __data_load[];
extern uint32_t __data_start[], __data_end[];
extern uint32_t __bss_start[], __bss_end[];
extern uint32_t __sram_start[], __sram_end[];
extern uint32_t __stack_bottom[], __stack_top[];
extern uint8_t __arena_start[], __arena_end[];
extern const uint8_t __model_slot_start[], __model_slot_end[];
extern uint8_t __sram2_start[];
using InitFunction = void (*)();
extern const InitFunction __init_array_start[], __init_array_end[];
}
