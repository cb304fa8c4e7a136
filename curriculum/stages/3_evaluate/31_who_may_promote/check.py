"""Judges rights by what they allow: requests that are needed, and requests that are nobody's."""

import fnmatch
import random
from typing import Any

from curriculum.checker.bench import Bench, Case, Failure

Json = dict[str, Any]
READ, WRITE, DELETE = "s3:GetObject", "s3:PutObject", "s3:DeleteObject"


def prepare(bench: Bench) -> list[Case]:
    """Make requests about objects whose names are others each time."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    run = f"runs/{chance.randrange(16**8):08x}"
    model = chance.choice(("subscriptions", "wine", "diabetes"))
    registry = f"registry/{model}"
    revision = f"{chance.randint(1, 400):08}"
    alias, history = (
        f"{registry}/aliases/champion.json",
        f"{registry}/history/champion/{revision}.json",
    )
    return [
        refuse("judge", WRITE, alias, "the step that judges may move the champion"),
        allow("judge", READ, f"{run}/evaluation.json", "it cannot see what it is to judge"),
        allow("judge", WRITE, f"{run}/gate.json", "it cannot write its verdict down"),
        refuse("judge", WRITE, f"{run}/evaluation.json", "it may change its own evidence"),
        allow("promote", READ, f"{run}/gate.json", "it promotes without a look at the verdict"),
        allow(
            "promote",
            READ,
            alias,
            "it reads the alias before it moves it, or overwrites another move",
        ),
        allow("promote", WRITE, alias, "it cannot move the champion"),
        allow("promote", WRITE, history, "a move would leave no trace"),
        refuse("promote", WRITE, f"{run}/gate.json", "it may write the verdict that it goes by"),
        refuse(
            "promote", WRITE, f"{registry}/versions/{revision}.json", "versions are never rewritten"
        ),
        *(
            refuse(role, READ, key, "it may read people's rows, which it never needs")
            for role in ("judge", "promote")
            for key in (
                f"raw/{model}/may.csv",
                f"captured/2026-05-01/07/{revision}.jsonl",
                f"datasets/{model}/{revision}/data.parquet",
            )
        ),
        *(
            refuse(role, DELETE, key, f"it may delete ({DELETE}): nothing here is ever deleted")
            for role, key in (
                ("judge", f"{run}/gate.json"),
                ("promote", alias),
                ("promote", history),
            )
        ),
        Case("other buckets", ["judge", READ, "*elsewhere*"], (False, "it may read any bucket")),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Ask the statements one question, by the rules of IAM: a denial beats every permission."""
    role, action, key = case.arguments
    wanted, why = case.expected
    statements = answer.get(role, []) if isinstance(answer, dict) else []
    said = [each["Effect"] for each in statements if speaks_of(each, action, key)]
    is_allowed = "Allow" in said and "Deny" not in said
    if is_allowed == wanted:
        return None
    may = {True: "may", False: "may not"}
    thing = "objects of other buckets" if key == "*elsewhere*" else key
    return Failure(
        expected=f"{role} {may[wanted]} {action} {thing}",
        observed=f"{role} {may[is_allowed]}: {why}",
        where="The statements that `add_rights` gives this role.",
    )


def speaks_of(statement: Json, action: str, key: str) -> bool:
    """Say whether a statement is about an action on an object of the bucket."""
    actions, resources = (
        as_list(statement.get("Action", [])),
        as_list(statement.get("Resource", [])),
    )
    return any(fnmatch.fnmatchcase(action.lower(), each.lower()) for each in actions) and any(
        covers(each, key) for each in resources
    )


def covers(resource: Any, key: str) -> bool:  # noqa: ANN401 - a template's value
    """Say whether a resource holds an object of the bucket; or, if asked so, of any bucket."""
    if isinstance(resource, str):
        return resource in ("*", "arn:aws:s3:::*", "arn:aws:s3:::*/*")
    joined = resource.get("Fn::Join")
    if joined is None or key == "*elsewhere*":
        return False
    pattern = "".join(part for part in joined[1] if isinstance(part, str)).lstrip("/")
    return fnmatch.fnmatchcase(key, pattern)


def allow(role: str, action: str, key: str, why: str) -> Case:
    """Make a request that is needed."""
    return Case(f"{role}: {action} {key}", [role, action, key], (True, why))


def refuse(role: str, action: str, key: str, why: str) -> Case:
    """Make a request that is to be refused."""
    return Case(f"{role}: {action} {key}", [role, action, key], (False, why))


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - a template's value
    """Return one or many as many."""
    return list(value) if isinstance(value, list) else [value]
