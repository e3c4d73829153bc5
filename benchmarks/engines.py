"""The study's networks in each engine, with the same random weights: what peers compute with.

Keras builds each network from the same seed on any backend. PyTorch's, from which ONNX Runtime's
and OpenVINO's are exported, is made layer by layer from Keras's: torchvision's ResNet50 and
InceptionV3 are other variants (strides, padding), whose results could not be compared.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import gpu_name

CLASSES, BATCH = 1196, 32
RATE, MOMENTUM = 0.001, 0.9
SIZES = {"xception": 299, "inception_v3": 299, "resnet50": 224, "vgg19": 224}
Array = np.ndarray[Any, Any]


def pixels(count: int, size: int) -> Array:
    """Images of noise, uint8, always the same."""
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), np.uint8)


def labels(count: int) -> Array:
    """A class number for each image, always the same."""
    return np.random.default_rng(1).integers(0, CLASSES, count)


def backbone(network: str, size: int, backend: str) -> Any:
    """A network without its head, in Keras on one of its backends."""
    os.environ["KERAS_BACKEND"] = backend
    if backend == "jax":
        import jax

        need_gpu(jax.default_backend() == "gpu", "jax")
    from art_transfer.job_settings import Architecture, FirstWeights
    from art_transfer.train.backbones import build

    return build(Architecture(network, size, "last"), FirstWeights("random", 1), "")


def with_head(network: str, size: int, backend: str) -> Any:
    """A network with a new head of CLASSES."""
    whole = backbone(network, size, backend)
    from art_transfer.train.backbones import HEAD, with_head

    model = with_head(whole, CLASSES, 1)
    width = model.get_layer(HEAD).input.shape[-1]
    kernel = np.random.default_rng(2).standard_normal((width, CLASSES)) / np.sqrt(width)
    bias = np.zeros(CLASSES)  # a backend's own seed would give another head in each
    model.get_layer(HEAD).set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    return model


def keras_training(network: str, size: int, backend: str) -> Any:
    """The network with its head, compiled as the paper fine-tunes it."""
    model = with_head(network, size, backend)
    import keras

    model.compile(
        optimizer=keras.optimizers.SGD(RATE, MOMENTUM, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def on_gpu() -> bool:
    """Whether there is an NVIDIA GPU: TensorFlow then computes on it."""
    return bool(gpu_name())


def need_gpu(found: bool, library: str) -> None:
    """Leave a peer out that would compute on the processor, where ours has a GPU."""
    if on_gpu() and not found:
        raise ModuleNotFoundError(library, name=f"{library} for this GPU")


def torch_device() -> str:
    """Where PyTorch computes: on a GPU where there is one, as the others do."""
    import torch

    need_gpu(torch.cuda.is_available(), "torch")
    torch.backends.cudnn.benchmark = True
    return "cuda" if torch.cuda.is_available() else "cpu"


def torch_network(model: Any) -> Any:
    """A Keras model (on any backend) as a PyTorch module of the same weights.

    It takes (n, size, size, 3) float32 and computes with channels last, as is best on processors;
    a softmax at its end is left out, for PyTorch's loss has it.
    """
    import torch
    from torch import nn

    class Network(nn.Module):
        """The graph of layers, in Keras's order."""

        def __init__(self) -> None:
            super().__init__()
            self.steps: list[tuple[str, list[str], str]] = []
            for layer in model.layers:
                inputs = [
                    tensor._keras_history.operation.name
                    for tensor in layer._inbound_nodes[0].input_tensors
                ]
                key = f"layer_{len(self.steps)}"
                self.add_module(key, torch_layer(layer))
                self.steps.append((key, inputs, layer.name))

        def forward(self, images: Any) -> Any:
            known: dict[str, Any] = {}
            for key, inputs, name in self.steps:
                module = getattr(self, key)
                if not inputs:
                    known[name] = images.permute(0, 3, 1, 2)
                else:
                    known[name] = module(*(known[one] for one in inputs))
            return known[self.steps[-1][2]]

    return Network().to(memory_format=torch.channels_last)


def torch_layer(layer: Any) -> Any:
    """One of the layers that the study's networks are made of, with its weights."""
    import torch
    from torch import nn

    kind, weights = type(layer).__name__, [np.asarray(w) for w in layer.get_weights()]
    if kind == "InputLayer":
        return nn.Identity()
    if kind == "SeparableConv2D":
        depthwise, pointwise = weights[:2]
        turned = depthwise.transpose(0, 1, 3, 2)
        return nn.Sequential(
            *_padded(layer, turned, groups=depthwise.shape[2]),
            _convolution(pointwise, (1, 1)),
        )
    if kind == "Conv2D":
        bias = weights[1] if len(weights) > 1 else None
        relu = [nn.ReLU(inplace=True)] if layer.activation.__name__ == "relu" else []
        return nn.Sequential(*_padded(layer, weights[0], bias=bias), *relu)
    if kind == "BatchNormalization":
        return _normalization(layer)
    if kind == "Dense":
        dense = nn.Linear(*weights[0].shape)
        dense.weight.data, dense.bias.data = (torch.from_numpy(w.T.copy()) for w in weights)
        return dense
    if kind in ("MaxPooling2D", "AveragePooling2D"):
        return _pooling(layer, kind)
    if kind == "ZeroPadding2D":
        (top, bottom), (left, right) = layer.padding
        return nn.ZeroPad2d((left, right, top, bottom))
    if kind == "Activation" and layer.activation.__name__ == "relu":
        return nn.ReLU()
    return _function(kind)


def _function(kind: str) -> Any:
    import torch
    from torch import nn

    functions: dict[str, Callable[..., Any]] = {
        "Add": lambda *some: torch.stack(some).sum(0) if len(some) > 2 else some[0] + some[1],
        "Concatenate": lambda *some: torch.cat(some, 1),
        "GlobalAveragePooling2D": lambda some: some.mean((2, 3)),
    }
    function = functions[kind]

    class Function(nn.Module):
        def forward(self, *some: Any) -> Any:
            return function(*some)

    return Function()


def _convolution(
    kernel: Array,
    strides: Any,
    groups: int = 1,
    bias: Array | None = None,
    padding: tuple[int, int] = (0, 0),
) -> Any:
    import torch
    from torch import nn

    height, width, inputs, outputs = kernel.shape
    made = nn.Conv2d(
        inputs * groups if groups > 1 else inputs,
        outputs,
        (height, width),
        stride=tuple(strides),
        padding=padding,
        groups=groups,
        bias=bias is not None,
    )
    made.weight.data = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
    if bias is not None:
        made.bias.data = torch.from_numpy(bias.copy())
    return made


def _pads(layer: Any, window: Any) -> tuple[int, int, int, int]:
    """What TensorFlow's "same" lays around an image: left, right, top, bottom."""
    if layer.padding != "same":
        return 0, 0, 0, 0
    sides: list[int] = []
    for size, kernel, stride in zip(layer.input.shape[1:3], window, layer.strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        sides = [total // 2, total - total // 2, *sides]
    return tuple(sides)  # type: ignore[return-value]


def _padded(layer: Any, kernel: Array, **more: Any) -> list[Any]:
    """A convolution, with padding of its own where both sides are alike, else before it."""
    from torch import nn

    left, right, top, bottom = _pads(layer, kernel.shape[:2])
    if (left, top) == (right, bottom):
        return [_convolution(kernel, layer.strides, padding=(top, left), **more)]
    pads = nn.ZeroPad2d((left, right, top, bottom))
    return [pads, _convolution(kernel, layer.strides, **more)]


def _pooling(layer: Any, kind: str) -> Any:
    from torch import nn

    left, right, top, bottom = _pads(layer, layer.pool_size)
    size, strides = tuple(layer.pool_size), tuple(layer.strides)
    if kind == "AveragePooling2D":
        assert (left, top) == (right, bottom), "an average over uneven padding"
        return nn.AvgPool2d(size, strides, (top, left), count_include_pad=False)
    if (left, top) == (right, bottom):
        return nn.MaxPool2d(size, strides, (top, left))
    pads = nn.ConstantPad2d((left, right, top, bottom), -np.inf)
    return nn.Sequential(pads, nn.MaxPool2d(size, strides))


def _normalization(layer: Any) -> Any:
    import torch
    from torch import nn

    made = nn.BatchNorm2d(layer.input.shape[-1], layer.epsilon, 1 - layer.momentum)
    mine = {"gamma": made.weight, "beta": made.bias}
    mine |= {"moving_mean": made.running_mean, "moving_variance": made.running_var}
    for variable, value in zip(layer.weights, layer.get_weights(), strict=True):
        mine[variable.name].data = torch.from_numpy(np.asarray(value).copy())
    made.weight.requires_grad = layer.scale
    return made


def flops(model: Any) -> int:
    """Floating-point operations of one image's way through a Keras model: two for each product."""
    count = 0
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("Conv2D", "SeparableConv2D", "Dense"):
            places = int(np.prod(layer.output.shape[1:-1]))
            kernels = [w for w in layer.weights if "kernel" in w.name]
            count += 2 * places * sum(int(np.prod(kernel.shape)) for kernel in kernels)
    return count
