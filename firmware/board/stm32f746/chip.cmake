# hil_board for a board with an STM32F746: everything of the chip from here, what is the board's
# from its own directory, which includes this file:
#
#   clock_tree.h   the oscillator and the dividers behind it
#   console.h      which USART the host listens to, on which pins, by which DMA streams
#   memory.ld      the regions of flash and RAM (stm32f746.ld says what goes into each)

set(chip ${CMAKE_CURRENT_LIST_DIR})

# An object library: the vector table and the overrides of the run-time library must be linked
# whether or not something refers to them.
add_library(hil_board OBJECT
  ${chip}/board.cc
  ${chip}/clock.cc
  ${chip}/fault.cc
  ${chip}/memory_system.cc
  ${chip}/runtime.cc
  ${chip}/serial.cc
  ${chip}/startup.cc)
target_include_directories(hil_board PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(hil_board PRIVATE hil_options hil_circumstances)
set_source_files_properties(${chip}/board.cc PROPERTIES
  COMPILE_DEFINITIONS HIL_BOARD_NAME="${HIL_BOARD}")
# Start-up fills memory itself: no calls to memset and memcpy before .data is valid.
set_source_files_properties(${chip}/startup.cc PROPERTIES
  COMPILE_OPTIONS -fno-tree-loop-distribute-patterns)

set(linker_script ${chip}/stm32f746.ld)
target_link_options(hil_board INTERFACE
  -T${linker_script}
  -L${CMAKE_CURRENT_SOURCE_DIR}   # memory.ld
  -nostartfiles
  -Wl,--gc-sections
  -Wl,--build-id=sha1
  # Nobody reads warnings of a build that is cached. A TFLM library may have its own.
  $<$<STREQUAL:${HIL_ENGINE},builtin>:-Wl,--fatal-warnings>
  -Wl,-Map=$<TARGET_PROPERTY:NAME>.map)
set_property(TARGET hil_board PROPERTY INTERFACE_LINK_DEPENDS
  ${linker_script} ${CMAKE_CURRENT_SOURCE_DIR}/memory.ld)
