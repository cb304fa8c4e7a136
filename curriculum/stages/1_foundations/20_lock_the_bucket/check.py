"""Judges the learner's bucket by its template: what it would do, asked of S3's own rules."""

import fnmatch
import random
from collections.abc import Callable, Iterable
from typing import Any

from curriculum.checker.bench import Bench, Case, Failure

Json = dict[str, Any]
Question = Callable[[Json, Json, list[Any]], Failure | None]
SWITCHES = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")
KEPT_DAYS, GONE_DAYS = 30, 90


def prepare(bench: Bench) -> list[Case]:
    """Ask about objects and requests that are others each time."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret
    name = f"{chance.randrange(16**8):08x}"
    day = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
    return [
        Case("a stranger on the internet", ["public"], None),
        Case("a thief of disks", ["disk"], None),
        Case("a request without TLS", ["tls", chance.choice(ACTIONS), f"raw/{name}.csv"], None),
        Case("the day after a mistake", ["versions", chance.randint(1, KEPT_DAYS - 1)], None),
        Case("a landed file", ["raw", f"raw/subscriptions/{name}-may.csv"], None),
        Case("a captured prediction", ["captured", f"captured/{day}/07/{name}.jsonl"], None),
        Case("an upload that was cut short", ["uploads"], None),
        Case("the end of the stack", ["removal"], None),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Find the bucket in the template, and ask it one question."""
    resources = answer.get("Resources", {}) if isinstance(answer, dict) else {}
    buckets = [each for each in resources.values() if each["Type"] == "AWS::S3::Bucket"]
    if len(buckets) != 1:
        return Failure(
            expected="one bucket in the stack",
            observed=f"{len(buckets)} of them",
            where="`add_bucket`",
        )
    return QUESTIONS[case.arguments[0]](buckets[0], resources, list(case.arguments[1:]))


def ask_public(bucket: Json, _resources: Json, _asked: list[Any]) -> Failure | None:
    """Whether an object can be made public."""
    found = bucket.get("Properties", {}).get("PublicAccessBlockConfiguration", {})
    off = [name for name in SWITCHES if found.get(name) is not True]
    if not off:
        return None
    return Failure(
        expected="no object can be made public, by its access list or by a policy",
        observed=f"{', '.join(off)} is off: one careless policy, and anybody on the internet reads",
        where="`block_public_access`",
    )


def ask_disk(bucket: Json, _resources: Json, _asked: list[Any]) -> Failure | None:
    """Whether objects are encrypted by the bucket itself."""
    found = bucket.get("Properties", {}).get("BucketEncryption", {})
    if found.get("ServerSideEncryptionConfiguration"):
        return None
    return Failure(
        expected="objects that are encrypted on disk, as the template says",
        observed="nothing is said of it",
        where="`encryption`. S3 does it by itself today; an auditor reads what is written.",
    )


def ask_tls(_bucket: Json, resources: Json, asked: list[Any]) -> Failure | None:
    """Whether a request without TLS is refused."""
    action, key = asked
    statements = [
        statement
        for each in resources.values()
        if each["Type"] == "AWS::S3::BucketPolicy"
        for statement in each["Properties"]["PolicyDocument"]["Statement"]
    ]
    if any(is_refused(statement, action, key) for statement in statements):
        return None
    return Failure(
        expected=f"{action} of {key} without TLS is refused",
        observed="it is answered: the rows travel without encryption on its way",
        where="`enforce_ssl`, which writes a statement into the bucket's policy",
    )


def is_refused(statement: Json, action: str, key: str) -> bool:
    """Say whether a statement refuses everybody an action on an object without TLS."""
    condition = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    actions = as_list(statement.get("Action", []))
    everybody = statement.get("Principal") in ("*", {"AWS": "*"})
    on_bucket = action == "s3:ListBucket"
    return (
        statement.get("Effect") == "Deny"
        and everybody
        and str(condition).lower() == "false"
        and any(fnmatch.fnmatchcase(action.lower(), each.lower()) for each in actions)
        and any(covers(each, None if on_bucket else key) for each in as_list(statement["Resource"]))
    )


def covers(resource: Any, key: str | None) -> bool:  # noqa: ANN401 - a template's value
    """Say whether a resource is the bucket itself (no key), or its objects."""
    if resource == "*":
        return True
    joined = resource.get("Fn::Join") if isinstance(resource, dict) else None
    if joined is None:
        return key is None
    pattern = "".join(part for part in joined[1] if isinstance(part, str)).lstrip("/")
    return key is not None and fnmatch.fnmatchcase(key, pattern)


def ask_versions(bucket: Json, _resources: Json, asked: list[Any]) -> Failure | None:
    """Whether a mistake can be undone, and is forgotten in the end."""
    days = asked[0]
    if bucket["Properties"].get("VersioningConfiguration", {}).get("Status") != "Enabled":
        return Failure(
            expected=f"an object that was overwritten {days} days ago can be brought back",
            observed="there are no versions",
            where="`versioned`",
        )
    ends = [end for rule in find_rules(bucket, "raw/x.csv") if (end := read_noncurrent(rule))]
    if not ends:
        return Failure(
            expected=f"old versions are gone after {GONE_DAYS} days",
            observed="old versions stay for ever, of captured predictions too",
            where="`noncurrent_version_expiration`: to expire an object hides it, and keeps it.",
        )
    if not KEPT_DAYS <= min(ends) <= GONE_DAYS:
        return Failure(
            expected=f"old versions stay for {KEPT_DAYS} days, and are gone after {GONE_DAYS}",
            observed=f"they stay for {min(ends)} days",
            where="`noncurrent_version_expiration`",
        )
    return None


def ask_raw(bucket: Json, _resources: Json, asked: list[Any]) -> Failure | None:
    """Whether a landed file stays."""
    ends = read_ends(bucket, asked[0])
    if not ends:
        return None
    return Failure(
        expected=f"{asked[0]} never expires",
        observed=f"after {min(ends)} days raw data are gone, and with them the origin of a model",
        where="`lifecycle_rules`: a rule without a prefix is about every object.",
    )


def ask_captured(bucket: Json, _resources: Json, asked: list[Any]) -> Failure | None:
    """Whether a captured prediction expires when it was promised to."""
    ends = read_ends(bucket, asked[0])
    if ends and min(ends) == 90:
        return None
    observed = f"after {min(ends)} days" if ends else "never"
    return Failure(
        expected=f"{asked[0]} expires after 90 days", observed=observed, where="`lifecycle_rules`"
    )


def ask_uploads(bucket: Json, _resources: Json, _asked: list[Any]) -> Failure | None:
    """Whether parts of uploads are cleared away."""
    days = [
        int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        for rule in find_rules(bucket, "raw/x.csv")
        if "AbortIncompleteMultipartUpload" in rule
    ]
    if days and min(days) <= 7:
        return None
    return Failure(
        expected="parts of an upload that was cut short are gone within a week",
        observed=f"after {min(days)} days" if days else "they stay for ever, and nobody sees them",
        where="`abort_incomplete_multipart_upload_after`, in a rule about every object",
    )


def ask_removal(bucket: Json, _resources: Json, _asked: list[Any]) -> Failure | None:
    """Whether the data outlive the stack."""
    if bucket.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"):
        return None
    return Failure(
        expected="the bucket stays",
        observed="it goes when the stack is deleted",
        where="`removal_policy`",
    )


def find_rules(bucket: Json, key: str) -> Iterable[Json]:
    """Return the lifecycle rules that are in force for an object."""
    found = bucket["Properties"].get("LifecycleConfiguration", {}).get("Rules", [])
    return [
        rule
        for rule in found
        if rule.get("Status") == "Enabled"
        and key.startswith(rule.get("Prefix", ""))
        and not {"TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan"} & set(rule)
    ]


def read_ends(bucket: Json, key: str) -> list[int]:
    """Return after how many days an object expires, by each rule about it."""
    rules = find_rules(bucket, key)
    return [int(rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule]


def read_noncurrent(rule: Json) -> int | None:
    """Return after how many days a rule ends old versions."""
    days = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
    days = days or rule.get("NoncurrentVersionExpirationInDays")
    return int(days) if days else None


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - a template's value
    """Return one or many as many."""
    return list(value) if isinstance(value, list) else [value]


QUESTIONS: dict[str, Question] = {
    "public": ask_public,
    "disk": ask_disk,
    "tls": ask_tls,
    "versions": ask_versions,
    "raw": ask_raw,
    "captured": ask_captured,
    "uploads": ask_uploads,
    "removal": ask_removal,
}
