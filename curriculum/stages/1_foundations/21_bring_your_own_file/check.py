"""Judges what the learner told the system about a file of theirs: contract, run, quarantine."""

from core.contract import Contract
from core.errors import LoopError
from core.store import ObjectStore
from curriculum.checker.bench import Bench, Failure
from curriculum.material.deployed import began_at, list_own_runs, read_json

# What the capstone lands is not the learner's deed.
NOT_OWN = {"offices"}
MOST_QUARANTINED = 0.2


def probe(bench: Bench) -> Failure | None:
    """Judge the dataset that is furthest; the first thing that it lacks is told."""
    names = find_own(bench)
    if not names:
        return Failure(
            expected="a dataset that was made of a file since you began",
            observed="no file of yours has landed",
            where="loop data add FILE --target COLUMN; loop data list shows what there is.",
        )
    found = [judge_dataset(bench, name) for name in names]
    return None if None in found else found[-1]


def find_own(bench: Bench) -> list[str]:
    """Return datasets that came from a file and landed since the workspace was made."""
    since = began_at(bench)
    landed: dict[str, object] = {}
    for info in bench.store.list("raw/"):
        name = info.key.split("/")[1]
        if info.modified_at >= since and name not in NOT_OWN and is_file(bench, name):
            landed[name] = max(info.modified_at, landed.get(name, info.modified_at))  # type: ignore[call-overload]
    return sorted(landed, key=lambda name: str(landed[name]))


def is_file(bench: Bench, name: str) -> bool:
    """Say whether a dataset came from a file, as its note of origin tells."""
    try:
        return read_json(bench, f"contracts/{name}.source.json").get("kind") == "file"
    except LoopError:
        return False


def judge_dataset(bench: Bench, name: str) -> Failure | None:
    """Find what one dataset's contract, or its run, lacks."""
    contract = load_contract(bench.store, name)
    if contract.identifier is None:
        return Failure(
            expected="a column that names a row",
            observed=f"the contract of {name} names no row: the same row twice would count twice",
            where="loop data add --help: --identifier. Add it under another --name, or with "
            "--new-contract.",
        )
    if not contract.ignored:
        return Failure(
            expected="a column that is left out, because it is known too late or means nothing",
            observed=f"the contract of {name} left nothing out",
            where="Ask of each column: is it known at the moment of the prediction? --set "
            "COLUMN.kind=ignored leaves one out.",
        )
    runs = [run for run in list_own_runs(bench, name) if run.outcome in ("promoted", "refused")]
    if not runs:
        return Failure(
            expected="a run that came as far as the gate",
            observed=f"no run of {name} did",
            where=f"loop runs --model {name}",
        )
    return judge_rows(bench, name, runs[-1].run_id)


def judge_rows(bench: Bench, name: str, run_id: str) -> Failure | None:
    """See that most rows are kept."""
    version = read_json(bench, f"runs/{run_id}/data.json")["version"]
    summary = read_json(bench, f"datasets/{name}/{version}/summary.json")
    landed = summary["rows"] + summary["quarantined"]
    share = summary["quarantined"] / landed
    bench.metrics |= {"rows": float(landed), "quarantined": share}
    if share <= MOST_QUARANTINED:
        return None
    return Failure(
        expected=f"at most {MOST_QUARANTINED:.0%} of the rows in quarantine",
        observed=f"{share:.0%} of {landed}",
        where=f"datasets/{name}/{version[:12]}…/summary.json: is the file wrong, or the contract?",
    )


def load_contract(store: ObjectStore, name: str) -> Contract:
    """Read a dataset's contract."""
    return Contract.from_json(store.get(f"contracts/{name}.json").body)
