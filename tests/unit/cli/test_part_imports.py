import pytest

from cli.home import project_root
from cli.part_imports import find_absent_import
from core.parts import PARTS, PartName
from tests.fixtures.own_parts import GOOD


@pytest.mark.parametrize("name", PARTS)
def test_good_parts_import_nothing_that_is_absent(name: PartName) -> None:
    assert find_absent_import(name, (GOOD / f"{name}.py").read_bytes(), project_root()) == ""


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("clean", "import pandas as pd", "imports pandas, which is not in the package tables"),
        ("clean", "import numpy, duckdb, re, core.errors", ""),
        ("candidate", "from sklearn.svm import SVC\nimport scipy.stats", ""),
        ("rule", "from sklearn import metrics", "imports sklearn, which is not in the package"),
        ("rule", "def judge(e):\n    import scipy", "imports scipy, which is not in"),
        ("route", "from .helper import work", "imports its neighbour, which is not in"),
        ("route", "import my_helper", "imports my_helper, which is not in the package inference"),
        ("clean", "try:\n    import pandas\nexcept ImportError:\n    pandas = None", ""),
        ("clean", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas", ""),
        ("clean", "def clean(", "it is no Python"),
        ("alarm", "import pandas", ""),
    ],
)
def test_says_what_the_package_of_a_part_has_not(name: PartName, code: str, said: str) -> None:
    found = find_absent_import(name, code.encode(), project_root())
    assert said in found
    assert bool(found) == bool(said)
