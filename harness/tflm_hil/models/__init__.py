"""Models as files: the zoo, what a `.tflite` holds, conversion from Keras, the slot in flash."""
