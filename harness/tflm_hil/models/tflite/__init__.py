"""What a `.tflite` file holds: operators, tensors, states, memory, mistakes to warn of."""
