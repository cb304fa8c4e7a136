"""What every part of Closed Loop shares: the contract, records, and the way to the bucket."""

import os

# onnxruntime tells its maker how it is used, unless this is set before it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
