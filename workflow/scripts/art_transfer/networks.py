"""The networks known by name, as plain facts: no TensorFlow is imported to plan a study."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """What the config and the tables need to know of a network."""

    title: str
    min_size: int  # pixels; what Keras accepts without its top
    scaling: str  # of the ImageNet weights that Keras releases
    color: str  # in the figures; the paper's own for its four networks


NETWORKS = {
    "xception": Network("Xception", 71, "tf", "tab:blue"),
    "inception_v3": Network("InceptionV3", 75, "tf", "black"),
    "resnet50": Network("ResNet50", 32, "caffe", "tab:red"),
    "vgg19": Network("VGG19", 32, "caffe", "tab:green"),
    "densenet121": Network("DenseNet121", 32, "torch", "tab:purple"),
    "densenet169": Network("DenseNet169", 32, "torch", "tab:purple"),
    "densenet201": Network("DenseNet201", 32, "torch", "tab:purple"),
    "resnet50_v2": Network("ResNet50V2", 32, "tf", "tab:brown"),
    "efficientnet_v2_b0": Network("EfficientNetV2B0", 32, "torch", "tab:pink"),
    "efficientnet_v2_b3": Network("EfficientNetV2B3", 32, "torch", "tab:pink"),
    "convnext_tiny": Network("ConvNeXtTiny", 32, "torch", "tab:olive"),
    "convnext_base": Network("ConvNeXtBase", 32, "torch", "tab:olive"),
    "mobilenet_v3_large": Network("MobileNetV3Large", 32, "tf", "tab:cyan"),
    "mobilenet_v3_small": Network("MobileNetV3Small", 32, "tf", "tab:cyan"),
    "demo_plain": Network("DemoPlain", 32, "unit", "tab:green"),
    "demo_residual": Network("DemoResidual", 32, "unit", "tab:red"),
}
"""The paper's four (section 2.3), newer ones, and two small ones for the demo and the tests."""


def backbone_titles(networks: Mapping[str, str]) -> dict[str, str]:
    """Backbones' names for readers, from their networks; its own beside it where two share one."""
    used = list(networks.values())
    return {
        backbone: NETWORKS[network].title + (f" ({backbone})" if used.count(network) > 1 else "")
        for backbone, network in networks.items()
    }
