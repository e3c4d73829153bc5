"""The machine that a job runs on: its threads and devices, and what the job used of it."""

import os
import platform
import resource
import shutil
import subprocess
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from art_transfer.errors import StudyError

LIBRARIES = ("keras", "tensorflow", "openvino", "numpy", "pillow", "scikit-learn", "pandas")


def prepare(threads: int, seed: int, gpus: int, wanted: int = 1) -> None:
    """Fix TensorFlow's threads and every seed, before anything is computed.

    ``gpus`` is how many GPUs the scheduler promised. Raises StudyError where TensorFlow sees fewer:
    a job that was to take hours there would take weeks here. ``wanted`` is how many devices the
    method shares a batch among: GPUs, or parts of the processor in a job that was promised none;
    0 where the processor computes though there are GPUs. Further GPUs are left to others.
    """
    if 0 < gpus < wanted:
        raise StudyError(
            f"the method's `gpus` is {wanted}, but this job was promised {gpus}; ask for as many "
            f"in the profile (`gpu: {wanted}`)"
        )
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
    tf.config.set_visible_devices(seen[:wanted] if len(seen) >= wanted else [], "GPU")
    if wanted > 1 and len(seen) < wanted:
        part = tf.config.LogicalDeviceConfiguration()
        processor = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(processor, [part] * wanted)
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
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "device": _device(),
            "seconds": round(seconds, 3),
            "images_per_second": round(images / seconds, 3),
            "peak_memory_mb": round(used.ru_maxrss / 1024),
            "slurm": _slurm(),
            "jobs": [job] if (job := os.environ.get("SLURM_JOB_ID")) else [],
            "versions": {"python": platform.python_version()}
            | {name: metadata.version(name) for name in LIBRARIES},
        }


def _device() -> dict[str, Any]:
    """What computed; memory in MB, a GPU's peak that of the fullest one."""
    gpus = tf.config.get_visible_devices("GPU")
    if not gpus:
        return {"kind": "cpu", "name": _processor(), "count": len(os.sched_getaffinity(0))}
    names = [tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus]
    peaks = [
        tf.config.experimental.get_memory_info(gpu.name.removeprefix("/device:"))["peak"]
        for gpu in tf.config.list_logical_devices("GPU")
    ]
    driver, memory = _nvidia()
    return {
        "kind": "gpu",
        "name": names[0],
        "count": len(gpus),
        "driver": driver,
        "memory_mb": memory,
        "peak_memory_mb": round(max(peaks) / 2**20),
    }


def _slurm() -> dict[str, str] | None:
    """Where the scheduler put this job; none outside of one."""
    names = {"job": "SLURM_JOB_ID", "node": "SLURMD_NODENAME", "gpus": "CUDA_VISIBLE_DEVICES"}
    if names["job"] not in os.environ:
        return None
    return {name: os.environ.get(variable, "") for name, variable in names.items()}


def _processor() -> str:
    """The processor's name; Python's own is empty on most Linux systems."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _nvidia() -> tuple[str | None, int | None]:
    """The version of the driver, and the memory of a GPU in MB, where the driver's tool is."""
    if shutil.which("nvidia-smi") is None:
        return None, None
    query = [
        "nvidia-smi",
        "--query-gpu=driver_version,memory.total",
        "--format=csv,noheader,nounits",
    ]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    if done.returncode:
        return None, None
    driver, _, memory = done.stdout.splitlines()[0].partition(", ")
    return driver, int(memory) if memory.isdigit() else None
