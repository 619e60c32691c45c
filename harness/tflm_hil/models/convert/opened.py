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
    """The model as a graph in which no layer hides a recurrent one, as far as the code of the
    layers runs on symbolic input; itself, if it is one.

    Raises `ModelFileError` naming the model whose inside cannot be told.
    """
    graph, given = model, None
    names = []
    if not is_graph(model):
        given, names = _inputs_of(model), [f"the model {model.name}"]
        graph = keras.Model(given, _called(model, given), name=model.name)
    closed: set[int] = set()
    while any(_hides(layer) and id(layer) not in closed for layer in _inside(graph)):
        opening = _Opening(closed)
        graph = opening.graph(graph)
        if not opening.opened:  # what is left is closed, or held by a wrapper
            break
        names += [f"layer {name}" for name in opening.opened]
    if names:
        check_same(model, graph, lambda how: _differs(names, how), struct=given)
    return graph if names else model


def _inside(model: Any) -> list[Any]:
    return list(model._flatten_layers(include_self=False))


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
    """One pass over a graph, which opens one level. Layers whose code takes no symbolic input go to
    `closed` and stay as they are.
    """

    def __init__(self, closed: set[int]) -> None:
        self._closed = closed
        self._graphs: dict[int, Any] = {}
        self._named: set[int] = set()
        self.opened: list[str] = []

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
            if id(layer) not in self._closed:
                self._rename_inside(layer)
                try:
                    results = layer.call(*args, **_options(layer, kwargs))
                except Exception:  # it is the user's code
                    self._closed.add(id(layer))
                else:
                    self.opened.append(layer.name)
                    return results
        elif is_graph(layer) and any(map(_hides, _inside(layer))):
            if id(layer) not in self._graphs:
                self._graphs[id(layer)] = self.graph(layer)
            return self._graphs[id(layer)](*args)
        return layer(*args, **kwargs)

    def _rename_inside(self, layer: Any) -> None:
        """Layers of two blocks may have one name, and a graph has each name once."""
        if id(layer) not in self._named:
            self._named.add(id(layer))
            for item in layer._flatten_layers(include_self=False, recursive=False):
                item.name = f"{layer.name}_{item.name}"


def _options(layer: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments that the code of a layer takes by name, outside of training."""
    known = inspect.signature(layer.call).parameters
    options = {key: value for key, value in kwargs.items() if key in known}
    return options | ({"training": False} if "training" in known else {})


def _called(model: Any, given: Any) -> Any:
    """What a model makes of symbolic input: by its own code, which shows the layers inside, or as
    one layer.
    """
    try:
        return model.call(given, **_options(model, {}))
    except Exception:  # it is the user's code
        try:
            return model(given)
        except Exception as error:
            raise ModelFileError(
                f"the model {model.name} is a {type(model).__name__}: code of its own connects the"
                " layers inside, and does not run on symbolic input, which shows how:"
                f" {first_sentence(error)}",
                "use layers and keras.ops in its call, and no branch on values",
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

    def tensor(shape: Any, name: str = "input") -> Any:
        if shape and all(size is None or isinstance(size, int) for size in shape):
            return keras.Input(tuple(shape[1:]), name=name)
        if isinstance(shape, dict):
            return {key: tensor(item, key) for key, item in shape.items()}
        return [tensor(item, f"input_{number}") for number, item in enumerate(shape)]

    return tensor(shapes["input_shape"])
