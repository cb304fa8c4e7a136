"""onnxruntime, as everything here imports it: it reports to nobody.

It tells its maker how it is used, and keeps an identifier of the computer in the home directory,
unless it is told not to before it is imported (its Privacy.md).
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["onnxruntime"]
