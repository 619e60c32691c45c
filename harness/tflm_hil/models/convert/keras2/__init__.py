"""Models that Keras 2 saved, rebuilt in Keras 3.

    model = read(identify(Path("old.h5")))

`tf_keras`, which is Keras 2, reads the file; the graph is walked and every layer called again in
Keras 3 with the same settings and weights; both are run on random input, and only a model that
gives the same is handed on. From there it goes the ordinary way through all exports and the Keras
reference. (Keras 3 reads some such files by itself, and some of them wrongly: `hard_sigmoid` is
another function there.)
"""
