"""Two small networks at 32 px for the demo and tests: one plain, one with batch normalisation."""

from keras import KerasTensor, layers

MOMENTUM = 0.9  # Keras's 0.99 lags behind in runs of a few hundred steps


def demo_plain(inputs: KerasTensor) -> KerasTensor:
    """Four convolutions, no batch normalisation, He-uniform first weights.

    ``inputs`` are images (n, side, side, 3), side at least 16; the result is the last rectified
    feature maps (n, side / 8, side / 8, 96).
    """
    x = _convolution(inputs, 16, "block1_conv", size=5, strides=2)
    x = _convolution(x, 32, "block2_conv")
    x = layers.MaxPooling2D(name="block2_pool")(x)
    x = _convolution(x, 48, "block3_conv")
    x = layers.MaxPooling2D(name="block3_pool")(x)
    return _convolution(x, 96, "block4_conv")


def demo_residual(inputs: KerasTensor) -> KerasTensor:
    """A stem and two residual blocks with batch normalisation, He-uniform first weights.

    As ``demo_plain``, but with 80 feature maps.
    """
    x = layers.Conv2D(
        16,
        5,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer="he_uniform",
        name="stem_conv",
    )(inputs)
    x = layers.BatchNormalization(momentum=MOMENTUM, name="stem_norm")(x)
    x = layers.ReLU(name="stem_relu")(x)
    x = _residual_block(x, 40, "block1")
    return _residual_block(x, 80, "block2")


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


def _residual_block(x: KerasTensor, filters: int, name: str) -> KerasTensor:
    """Halve the maps' side: two convolutions beside a shortcut of one 1 x 1 convolution."""
    shortcut = _normalised(x, filters, f"{name}_shortcut", size=1, strides=2)
    x = _normalised(x, filters, f"{name}_first", strides=2)
    x = layers.ReLU(name=f"{name}_first_relu")(x)
    x = _normalised(x, filters, f"{name}_second")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_relu")(x)
