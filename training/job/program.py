"""The program of a SageMaker training job: ``sagemaker_program`` names this file.

It starts Python anew without the image's packages, so that a candidate is fitted by exactly the
packages that came with the code: the same as in Lambda, whatever else the image holds.
"""

import os
import sys
from pathlib import Path

_CODE = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the job; see `training.job.container.run_job`."""
    if not sys.flags.isolated:
        alone = [sys.executable, "-I", "-S", "-u", __file__]
        os.execv(sys.executable, alone)  # noqa: S606 - this very program, no shell
    sys.path.insert(0, str(_CODE))
    from training.job.container import run_job  # noqa: PLC0415 - only now can it be found

    return run_job(os.environ)


if __name__ == "__main__":
    sys.exit(main())
