"""From a prepared dataset to a trained model: land the file, follow the workflow, say what came."""

import hashlib
import json
from typing import Any

from cli.datasets import Prepared, prepare_builtin
from cli.session import Session
from cli.system import System
from cli.workflow import Outcome
from core import keys
from core.contract import Contract
from core.errors import ConflictError, InvalidInputError, LoopError, NotFoundError, UnavailableError

_EVENT_WITHIN_S = 20.0


def land(system: System, prepared: Prepared, *, replace_contract: bool = False) -> tuple[str, bool]:
    """Put contract, note of origin and raw file into the bucket, the file last.

    The file's landing is what starts training, so a kill before it leaves nothing that anybody
    would act on.

    A later file of a person's own dataset is checked against the contract of the first one: that
    is what a contract is for. `replace_contract` declares a new one.

    Returns
    -------
    raw_key : str
    is_new : bool
        False when the very same file had landed before.

    Raises
    ------
    ConflictError
        The dataset's contract is about other columns, or another target.
    InvalidInputError
        The workflow would reject the file; nothing was put into the bucket.
    """
    name = prepared.contract.dataset
    contract = _agree(system, prepared, replace=replace_contract)
    if prepared.source["kind"] == "file":
        _check_rows(prepared, contract)
    raw_key = keys.raw(name, hashlib.sha256(prepared.body).hexdigest(), prepared.filename)
    system.store.put(keys.contract(name), contract.to_json())
    system.store.put(keys.source(name), json.dumps(prepared.source, sort_keys=True).encode())
    try:
        system.store.create(raw_key, prepared.body, exclusive=True)
    except ConflictError:
        return raw_key, False
    return raw_key, True


def _agree(system: System, prepared: Prepared, *, replace: bool) -> Contract:
    """Return the contract that holds: the declared one, if the new file can keep it."""
    found = prepared.contract
    try:
        declared = Contract.from_json(system.store.get(keys.contract(found.dataset)).body)
    except NotFoundError:
        return found
    if replace or prepared.source["kind"] != "file":
        return found
    known = {column.name for column in declared.columns}
    columns = {column.name for column in found.columns} | set(found.ignored)
    columns |= {found.identifier or "", found.group or "", found.time or ""}
    if declared.target == found.target and known <= columns:
        return declared
    raise ConflictError(
        f"The dataset {found.dataset} exists, and its data contract is about another file "
        f"(target {declared.target!r}, {len(known)} features).",
        next_step="add --name ANOTHER-NAME, or --new-contract to declare this file's instead",
    )


def _check_rows(prepared: Prepared, contract: Contract) -> None:
    """Do what the workflow's first step does, here: a file that it rejects shall not land."""
    from core.store import open_memory  # noqa: PLC0415 - slow to load, and few commands need it
    from training.data.validate import validate_raw  # noqa: PLC0415

    store, key = open_memory(), keys.raw(contract.dataset, "0" * 64, prepared.filename)
    store.put(key, prepared.body)
    validation = validate_raw(store, raw_key=key, contract=contract)
    if validation.status == "rejected":
        raise InvalidInputError(
            f"{prepared.filename} cannot become data of {contract.dataset}, and did not land: "
            f"{validation.reason}",
            next_step="correct the file, then loop data add again (--new-contract, if the contract "
            "is what should change)",
        )


def last_raw_key(system: System, dataset: str) -> str:
    """Return the key of the file of a dataset that landed last."""
    landed = sorted(
        system.store.list(f"raw/{keys.check_name(dataset)}/"), key=lambda i: i.modified_at
    )
    if not landed:
        raise NotFoundError(
            f"The dataset {dataset} has no landed file.",
            next_step="loop data list, then loop data add FILE --target COLUMN",
        )
    return landed[-1].key


def ensure_trained(session: Session, system: System, dataset: str) -> None:
    """See to it that a dataset has a champion: land, start or wait, whatever is missing.

    Whatever was interrupted before is taken up where it stands.
    """
    if system.registry.alias(dataset) is not None:
        return
    session.output.progress(f"making the dataset {dataset}")
    raw_key, is_new = land(system, prepare_builtin(dataset))
    arn = system.workflow.find(raw_key)
    if arn is None or (not is_new and not system.workflow.is_running(arn)):
        arn = _started_by_landing(system, raw_key) if is_new else system.workflow.start(raw_key)
    outcome = follow(session, system, arn)
    if not outcome.is_good:
        raise failure(outcome, dataset, champion=None)


def follow(session: Session, system: System, arn: str) -> Outcome:
    """Follow an execution with progress lines."""
    run_id = arn.rsplit(":", 1)[-1]
    session.output.progress(f"training, run {run_id}")
    if not session.output.if_interrupted:
        session.output.if_interrupted = (
            f"The run {run_id} goes on without this command, and may promote its model."
            f" To see it: loop runs {run_id}"
        )
    return system.workflow.follow(arn, session.output.progress)


def _started_by_landing(system: System, raw_key: str) -> str:
    # The event was sent while the rule was perhaps not yet in force: then nobody will send it
    # again, and a start by hand does the same.
    try:
        return system.workflow.wait_for(raw_key, within_s=_EVENT_WITHIN_S)
    except UnavailableError:
        return system.workflow.start(raw_key)


def describe(system: System, dataset: str, raw_key: str, outcome: Outcome) -> dict[str, Any]:
    """Return what came of a run: rows, reasons of quarantine, metrics, the gate's rules."""
    data = outcome.steps.get("data", {})
    evaluation = outcome.steps.get("evaluation", {})
    version = data.get("version")
    summary = _summary(system, dataset, str(version)) if version else {}
    champion = system.registry.alias(dataset)
    return {
        "dataset": dataset,
        "raw_key": raw_key,
        "run_id": outcome.run_id,
        "outcome": outcome.result,
        "reason": outcome.reason,
        "rows": summary.get("rows"),
        "quarantined": summary.get("quarantined"),
        "faults": summary.get("faults", []),
        "unexpected_columns": summary.get("unexpected_columns", []),
        "changed": summary.get("changed", {}),
        "metrics": evaluation.get("metrics", {}),
        "candidate": evaluation.get("candidate"),
        "choice": {
            "candidate": evaluation.get("candidate", ""),
            "best": evaluation.get("best_candidate", ""),
            "simplest": evaluation.get("simplest_candidate", ""),
        },
        "data": {
            name: data.get(name, default)
            for name, default in (("leaks", []), ("set_aside_rows", 0), ("overlap_rows", 0))
        },
        "gate": outcome.steps.get("gate", {}).get("rules", []),
        "champion": champion.version if champion else None,
    }


def failure(outcome: Outcome, dataset: str, *, champion: int | None) -> LoopError:
    """Make the error of a run that did not end in a promotion."""
    what = {
        "refused": f"The gate refused the new version of {dataset}",
        "rejected": f"The data of {dataset} were rejected",
    }.get(outcome.result, f"Training on {dataset} failed")
    next_step = {
        "refused": f"loop models {dataset} (version {champion} goes on serving)"
        if champion
        else f"add rows or columns that tell more, then loop data add FILE --name {dataset}",
        "rejected": "correct the file, then loop data add again",
    }.get(outcome.result, f"loop logs --since 30m, then loop train --data {dataset}")
    return LoopError(f"{what}: {outcome.reason or 'no reason was given'}", next_step=next_step)


def _summary(system: System, dataset: str, version: str) -> dict[str, Any]:
    try:
        body = system.store.get(keys.dataset_summary(dataset, version)).body
    except NotFoundError:
        return {}
    document: dict[str, Any] = json.loads(body)
    return document
