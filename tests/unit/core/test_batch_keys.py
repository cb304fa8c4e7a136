import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import keys
from core.errors import InvalidInputError

SHA = "a" * 64


def test_keys_of_a_job_lie_in_its_folder() -> None:
    assert keys.batch_job("b1", "job.json") == "batch/jobs/b1/job.json"
    assert keys.batch_plan("b1", 500) == "batch/jobs/b1/plans/00000500.json"
    assert keys.batch_part("b1", 7) == "batch/jobs/b1/parts/00000007.parquet"
    assert keys.batch_count("b1", 7) == "batch/jobs/b1/counts/00000007.json"
    assert keys.batch_fault("b1", 7) == "batch/jobs/b1/faults/00000007.json"


@pytest.mark.parametrize("job", ["", "../x", "a/b", "a..b", "-a"])
def test_rejects_a_job_that_leaves_its_folder(job: str) -> None:
    with pytest.raises(InvalidInputError):
        keys.batch_part(job, 0)


@given(st.text(max_size=200))
def test_a_files_key_is_safe_when_its_name_is_anything(filename: str) -> None:
    assert re.fullmatch(r"batch/files/a{12}-[A-Za-z0-9._-]{1,100}", keys.batch_file(SHA, filename))
