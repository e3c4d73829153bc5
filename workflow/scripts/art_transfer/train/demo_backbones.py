"""Two small networks at 32 px for the demo and tests: one plain, one with batch normalisation."""

from keras import KerasTensor, layers

MOMENTUM = 0.9  # Keras's 0.99 lags behind in runs of a few hundred steps


def demo_plain(inputs: KerasTensor) -> KerasTensor:
    """Four convolutions, no batch normalisation, He-uniform first weights.

    ``inputs`` are images (n, side, side, 3), side at least 16; the result is the last rectified
    feature maps (n, side / 8, side / 8, 96). Pixels of 0 to 1 are centred first, as nothing else
    in this network does; else some runs have hardly begun to learn when their epochs are over.
    """
    x = layers.Rescaling(4.0, offset=-2.0, name="centred")(inputs)
    x = _convolution(x, 16, "block1_conv", size=5, strides=2)
    x = _convolution(x, 32, "block2_conv")
    x = layers.MaxPooling2D(name="block2_pool")(x)
    x = _convolution(x, 48, "block3_conv")
    x = layers.MaxPooling2D(name="block3_pool")(x)
    return _convolution(x, 96, "block4_conv")


def demo_residual(inputs: KerasTensor) -> KerasTensor:
    """A stem and two blocks of two convolutions, the second with a shortcut; batch normalisation.

    Takes and gives the same shapes as ``demo_plain``, but 64 feature maps. Each block pools
    before its shortcut: a stride in its place overfits a few thousand images at once.
    """
    x = _rectified(_normalised(inputs, 16, "stem", size=5, strides=2), "stem")
    x = _residual_block(x, 24, "block1")
    return _residual_block(x, 64, "block2")


def _convolution(
    x: KerasTensor, filters: int, name: str, size: int = 3, strides: int = 1
) -> KerasTensor:
    """A rectified convolution with a bias."""
    return layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_uniform",
        name=name,
    )(x)


def _normalised(
    x: KerasTensor, filters: int, name: str, size: int = 3, strides: int = 1
) -> KerasTensor:
    """A convolution without a bias, then batch normalisation, not yet rectified."""
    x = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_uniform",
        name=f"{name}_conv",
    )(x)
    return layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)


def _rectified(x: KerasTensor, name: str) -> KerasTensor:
    return layers.ReLU(name=f"{name}_relu")(x)


def _residual_block(x: KerasTensor, filters: int, name: str) -> KerasTensor:
    """A convolution and a pooling that halves the side, then a convolution beside a shortcut."""
    x = _rectified(_normalised(x, filters, f"{name}_first"), f"{name}_first")
    x = layers.MaxPooling2D(name=f"{name}_pool")(x)
    y = _normalised(x, filters, f"{name}_second")
    return _rectified(layers.Add(name=f"{name}_add")([x, y]), name)
