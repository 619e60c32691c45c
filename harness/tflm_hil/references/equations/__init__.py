"""What a Keras model computes, by the equations of its layers: NumPy in double precision.

description   a network as data        read_keras, wiring, read_decoder   from a live Keras model
build         data → equations         cells, plain, windows              the equations of layers
network       a chain of parts, run    obstacles                          what has no equation
rung          the rung `cells` of the ladder
"""
