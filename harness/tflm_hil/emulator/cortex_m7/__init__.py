"""What a Cortex-M7 has and Unicorn has not: exceptions, NVIC, SysTick, MPU, DWT, debug."""
