"""The core: exceptions, NVIC, SysTick, MPU, DWT and debug registers of a Cortex-M7."""
