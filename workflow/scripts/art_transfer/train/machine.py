"""The machine that a job runs on: its threads and devices, and what the job used of it."""

import platform
import resource
import time
from importlib import metadata
from typing import Any

import keras
import tensorflow as tf

from art_transfer.errors import StudyError

LIBRARIES = ("keras", "tensorflow", "numpy", "pillow", "scikit-learn", "pandas")


def prepare(threads: int, seed: int, gpus: int) -> None:
    """Fix TensorFlow's threads and every seed, before anything is computed.

    ``gpus`` is how many GPUs the scheduler promised. Raises StudyError where TensorFlow sees fewer:
    a job that was to take hours there would take weeks here.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    seen = tf.config.list_physical_devices("GPU")
    if len(seen) < gpus:
        raise StudyError(
            f"this job was promised {gpus} GPU(s) but TensorFlow sees {len(seen)} on "
            f"{platform.node()}; install the `gpu` extra, check the driver with nvidia-smi, or ask "
            "for none in the profile (`gpu: 0`)"
        )
    for device in seen:
        tf.config.experimental.set_memory_growth(device, True)
    keras.utils.set_random_seed(seed)


class Meter:
    """Counts a job's seconds and images."""

    def __init__(self) -> None:
        """Start to count."""
        self._start = time.perf_counter()

    def report(self, images: int, earlier_seconds: float = 0.0) -> dict[str, Any]:
        """What the job used so far; ``images`` is how many went through a network or a head.

        ``earlier_seconds`` are those of attempts that this one goes on from.
        """
        seconds = earlier_seconds + time.perf_counter() - self._start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {
            "device": _device(),
            "seconds": round(seconds, 3),
            "images_per_second": round(images / seconds, 3),
            "peak_memory_mb": round(peak),
            "versions": {"python": platform.python_version()}
            | {name: metadata.version(name) for name in LIBRARIES},
        }


def _device() -> dict[str, Any]:
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return {"kind": "cpu", "name": platform.processor() or platform.machine()}
    names = [tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus]
    return {"kind": "gpu", "name": names[0], "count": len(gpus)}
