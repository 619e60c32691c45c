"""From a Keras model to a `.tflite`, in a process of its own."""
