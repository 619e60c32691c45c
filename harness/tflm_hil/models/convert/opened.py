"""Layers and models whose inside is code of the user's own, opened into the graph of the model.

The exports walk the graph of a Sequential or functional model. A subclassed model, or a layer with
recurrent layers inside, is called once more on symbolic input: its own code then says how the
layers inside are connected. The layers stay the same objects, and both forms are run on random
input. Imports Keras: for workers only.
"""

from __future__ import annotations

import inspect
from typing import Any

import keras

from tflm_hil.models.convert.model_files import ModelFileError, first_sentence
from tflm_hil.models.convert.sameness import check_same

RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)


def opened(model: Any) -> Any:
    """The model as a graph in which no layer hides a recurrent one; itself, if it is one.

    Raises `ModelFileError` naming the model or layer whose code does not run on symbolic input.
    """
    graph, given = model, None
    if not is_graph(model):
        given = _inputs_of(model)
        outputs = _called(model, [given], {}, f"the model {model.name}")
        graph = keras.Model(given, outputs, name=model.name)
    names = [f"the model {model.name}"] if given is not None else []
    while hiding := [layer for layer in graph._flatten_layers(include_self=False) if _hides(layer)]:
        names += [f"layer {layer.name}" for layer in hiding]
        graph = _Opening().graph(graph)
    if graph is not model:
        check_same(model, graph, lambda how: _differs(names, how), struct=given)
    return graph


def _differs(names: list[str], how: str) -> ModelFileError:
    return ModelFileError(
        f"{', '.join(names)}: code of its own connects the layers inside, and called on symbolic"
        f" input it connects them otherwise ({how})",
        "connect them with the functional API: y = layer(x) for each, keras.Model(x, y)",
    )


def is_graph(layer: Any) -> bool:
    """Whether a layer is a Sequential or functional model; the others are called by their code."""
    graph = getattr(layer, "_functional", layer)
    return isinstance(layer, keras.Model) and hasattr(graph, "_nodes_by_depth")


def _hides(layer: Any) -> bool:
    """Whether a layer is the user's and holds recurrent ones, or is a model that is no graph."""
    if type(layer).__module__.split(".")[0] == "keras" or isinstance(layer, RECURRENT):
        return False
    if isinstance(layer, keras.Model):
        return not is_graph(layer)
    inside = layer._flatten_layers(include_self=False)
    return any(isinstance(item, RECURRENT) for item in inside)


class _Opening:
    """One pass over a graph, which opens one level."""

    def __init__(self) -> None:
        self._graphs: dict[int, Any] = {}
        self._named: set[int] = set()

    def graph(self, model: Any) -> Any:
        """The graph with the same layers, but for those that were opened."""
        ends = [ends if len(ends) > 1 else ends[0] for ends in (model.inputs, model.outputs)]
        return keras.models.clone_model(
            keras.Model(*ends, name=model.name),
            clone_function=lambda layer: layer,
            call_function=self._call,
        )

    def _call(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        if _hides(layer):
            if id(layer) not in self._named:  # layers of two blocks may have one name
                self._named.add(id(layer))
                for item in layer._flatten_layers(include_self=False, recursive=False):
                    item.name = f"{layer.name}_{item.name}"
            return _called(layer, args, kwargs, f"layer {layer.name}")
        if is_graph(layer) and any(map(_hides, layer._flatten_layers(include_self=False))):
            if id(layer) not in self._graphs:
                self._graphs[id(layer)] = self.graph(layer)
            return self._graphs[id(layer)](*args)
        return layer(*args, **kwargs)


def _called(layer: Any, args: Any, kwargs: Any, name: str) -> Any:
    """What the code of a layer makes of symbolic tensors."""
    known = inspect.signature(layer.call).parameters
    options = {key: value for key, value in kwargs.items() if key in known}
    if "training" in known:
        options["training"] = False
    try:
        return layer.call(*args, **options)
    except Exception as error:  # it is the user's code
        raise ModelFileError(
            f"{name} is a {type(layer).__name__}: code of its own connects the layers inside, and"
            f" does not run on symbolic input, which shows how: {first_sentence(error)}",
            "use layers and keras.ops in its call, no functions of TensorFlow or NumPy, and no"
            " branch on values",
        ) from error


def _inputs_of(model: Any) -> Any:
    """Symbolic inputs as the model was called with when it was saved."""
    shapes = getattr(model, "_build_shapes_dict", None) or {}
    if list(shapes) != ["input_shape"]:
        raise ModelFileError(
            f"the model {model.name} is a {type(model).__name__} whose file does not say the shape"
            " of its input",
            "call it once, model(x), and save it again; if it was called, use layers and keras.ops"
            " in its call, no branch on values, and one argument for all inputs",
        )

    def tensor(shape: Any, name: str | None = None) -> Any:
        if shape and all(size is None or isinstance(size, int) for size in shape):
            return keras.Input(tuple(shape[1:]), name=name)
        if isinstance(shape, dict):
            return {key: tensor(item, key) for key, item in shape.items()}
        return [tensor(item) for item in shape]

    return tensor(shapes["input_shape"])
