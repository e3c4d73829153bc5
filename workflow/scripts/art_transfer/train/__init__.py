"""From pixels to features, heads, fine-tuned networks and run folders."""

import os

# Before TensorFlow starts: on processors without AVX-512 it would leave oneDNN out, and take up to
# twice as long (docs/determinism.md).
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
