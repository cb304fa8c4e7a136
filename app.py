"""The CDK app's entry point: reads the settings, builds the packages, adds the stacks.

It never calls AWS. Any CDK command line runs it: ``npx cdk deploy --all -c stage=dev``.
"""

import os
import sys
from pathlib import Path

from aws_cdk import App

from cdk.bundling import build_packages
from cdk.config import read_config
from cdk.stacks.deployment import add_deployment
from core.errors import LoopError

ROOT = Path(__file__).resolve().parent


def main() -> int:
    """Synthesize the app; return the exit status."""
    app = App()
    try:
        config = read_config(app.node.get_all_context(), os.environ)
        packages = build_packages(ROOT, config)
        add_deployment(app, config=config, packages=packages)
    except LoopError as error:
        sys.stderr.write(f"{error}\n")
        if error.next_step:
            sys.stderr.write(f"Next: {error.next_step}\n")
        return error.exit_code
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
