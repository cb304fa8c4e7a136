"""Each mend is still needed: a test that fails here says that a newer release does it by itself."""

import os
import subprocess
from pathlib import Path

import pytest

from cdk.local.cloud import RunningCloud

PROBES = Path(__file__).with_name("unmended.py")


@pytest.mark.parametrize(
    ("fault", "mend"),
    [
        ("exception_is_anonymous", "cdk/local/mends/functions.py"),
        ("alarm_ignores_dimensions", "cdk/local/mends/alarms.py"),
        ("embedded_metrics_are_only_text", "mend_embedded_metrics"),
        ("rest_apis_are_not_measured", "mend_api_metrics"),
        ("calls_are_not_measured_under_an_alias", "mend_function_metrics"),
        ("state_is_saved_only_at_the_end", "cdk/local/mends/state.py"),
        ("connections_within_the_machine_count_as_open", "mend_transport"),
        ("absent_objects_are_told_to_everybody", "mend_absent_objects"),
        ("workflows_call_what_their_roles_forbid", "mend_workflow_rights"),
        ("rules_start_what_their_roles_forbid", "mend_rule_rights"),
    ],
)
def test_the_mend_is_still_needed(
    running: RunningCloud, prepared_home: Path, tmp_path: Path, fault: str, mend: str
) -> None:
    done = subprocess.run(
        [str(prepared_home / "emulator" / "venv" / "bin" / "python"), "-B", str(PROBES), fault],
        env={"PATH": os.defpath, "TMPDIR": str(tmp_path), "STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = done.stdout.splitlines() or [done.stderr]
    assert lines[-1] == "true", f"{mend} may no longer be needed: {lines[-1]}"
