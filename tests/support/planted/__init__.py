"""The known mistakes, each planted in something that a user has for real.

`models` makes Keras models and their wrong conversions (a TensorFlow worker), `zoo` writes them as
model folders with manifests, `poison` builds a firmware that makes mistakes for models of certain
names, `catalogue` lists what was planted where and what a report must say about it.
"""
