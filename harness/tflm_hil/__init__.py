"""Hardware-in-the-loop tests for recurrent neural networks on microcontrollers."""
