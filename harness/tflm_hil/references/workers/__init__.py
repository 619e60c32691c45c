"""The processes that hold TensorFlow, Keras and tflite-micro."""
