"""Judges the learner's alarm: by what it does with minutes of traffic, then in the system."""

import random
import time
from collections.abc import Sequence
from typing import Any

from cdk.local.companion.alarms import AlarmState, Rule, decide
from cdk.local.companion.samples import Sample
from curriculum.checker.bench import Bench, Case, Failure, NotReadyError
from curriculum.material.deployed import require_part

ALARM = "AWS::CloudWatch::Alarm"
SLUG = "refused-requests"
MINUTE_S = 60
RINGS_WITHIN_S = 240
RETURNS_WITHIN_S = 420
REFUSED_A_MINUTE = 30
Minute = tuple[int, int]  # requests, and how many of them were refused
Json = dict[str, Any]


def prepare(bench: Bench) -> list[Case]:
    """Make hours of traffic: for each minute how many requests there were, and how many refused."""
    chance = random.Random(bench.seed)  # noqa: S311 - a reproducible exercise, not a secret

    def calm(count: int) -> list[Minute]:
        return [(chance.randint(100, 300), chance.choice((0, 0, 0, 1, 2, 5))) for _ in range(count)]

    def broken(count: int) -> list[Minute]:
        return [(chance.randint(200, 300), chance.randint(20, 60)) for _ in range(count)]

    nobody: list[Minute] = [(0, 0)] * 12
    return [
        make_case(
            "an ordinary day",
            calm(40),
            rings=None,
            why="Now and then somebody sends a wrong request: who is woken by that soon hears "
            "nothing any more.",
        ),
        make_case(
            "a caller's broken program",
            calm(10) + broken(8) + calm(12),
            rings=13,
            why="Twenty refused requests a minute. The average of zeros and ones never reaches "
            "20, and a long wait helps nobody.",
        ),
        make_case(
            "a single bad minute",
            calm(10) + broken(1) + calm(10),
            rings=None,
            why="a single bad minute is somebody's test: two of three are to be bad.",
        ),
        make_case(
            "a bad minute, a good one, a bad one",
            calm(8) + broken(1) + calm(1) + broken(1) + calm(10),
            rings=13,
            why="Two of the last three minutes were bad, though not one after the other.",
        ),
        make_case(
            "a caller who breaks, and then nobody calls any more",
            calm(5) + broken(4) + nobody,
            rings=9,
            why="The night comes and nobody calls any more: a minute without requests has no "
            "refused ones, and the alarm is to end.",
        ),
    ]


def judge(case: Case, answer: object) -> Failure | None:
    """Play the minutes to the alarm that was made."""
    made = answer if isinstance(answer, list) else []
    alarms = [each["properties"] for each in made if each["type"] == ALARM]
    others = [each["type"] for each in made if each["type"] != ALARM]
    if len(alarms) != 1 or others:
        return Failure(
            expected="one alarm, and nothing else",
            observed=", ".join([*(ALARM for _ in alarms), *others]) or "nothing",
            where="What `add_alarm` makes.",
        )
    return judge_form(alarms[0]) or judge_states(alarms[0], case.arguments[0], *case.expected)


def judge_form(alarm: Json) -> Failure | None:
    """See whether it looks at refused requests, and tells people of both ends."""
    if alarm.get("MetricName") != "4XXError":
        return Failure(
            expected="an alarm on refused requests (4XXError)",
            observed=str(alarm.get("MetricName")),
            where="`refused`, which the starter has.",
        )
    if not alarm.get("AlarmActions") or not alarm.get("OKActions"):
        return Failure(
            expected="people are told when it begins and when it ends",
            observed="one of the two is missing",
            where="`use.add` makes an alarm that does both.",
        )
    if not str(alarm.get("AlarmName", "")).endswith(f"-{SLUG}"):
        return Failure(
            expected=f"an alarm with the slug {SLUG!r}",
            observed=str(alarm.get("AlarmName")),
            where="The first argument of `use.add`.",
        )
    return None


def judge_states(
    alarm: Json, minutes: Sequence[Minute], rings: int | None, why: str
) -> Failure | None:
    """Compare the states with what they are to be: none, or begun by a minute, and ended."""
    states = play(alarm, minutes)
    rang = states.index("ALARM") if "ALARM" in states else None
    if rings is None and rang is not None:
        return Failure(
            expected="it stays quiet", observed=f"it rings in minute {rang + 1}", where=why
        )
    if rings is not None and (rang is None or rang > rings):
        when = f"minute {rang + 1}" if rang is not None else "never"
        return Failure(expected=f"it rings by minute {rings + 1}", observed=when, where=why)
    if rings is not None and states[-1] != "OK":
        return Failure(
            expected="it is OK again at the end",
            observed=states[-1],
            where=why
            if [0, 0] in list(map(list, minutes))
            else "It is over: what keeps the alarm up?",
        )
    return None


def play(alarm: Json, minutes: Sequence[Minute]) -> list[AlarmState]:
    """Return the alarm's state after each minute, by the rules of CloudWatch."""
    rule = Rule(
        statistic=alarm.get("Statistic") or alarm.get("ExtendedStatistic", ""),
        comparison=alarm["ComparisonOperator"],
        threshold=float(alarm["Threshold"]),
        period_s=int(alarm["Period"]),
        evaluation_periods=int(alarm["EvaluationPeriods"]),
        datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]),
        missing_data=alarm.get("TreatMissingData", "missing"),
    )
    samples: list[Sample] = []
    state: AlarmState = "OK"
    states = []
    # Minutes before the first one were quiet and without data.
    begin = 100 * rule.period_s
    for number, (requests, refused) in enumerate(minutes):
        at = begin + number * MINUTE_S + 1.0
        samples += [
            Sample.of(1.0, timestamp=at, count=float(refused)),
            Sample.of(0.0, timestamp=at, count=float(requests - refused)),
        ][: 2 * bool(requests)]
        state = decide(rule, samples, now=begin + (number + 1) * MINUTE_S + 30.0, current=state)
        states.append(state)
    return states


def probe(bench: Bench) -> Failure | None:
    """Break a caller, see the alarm ring, stop, and see it return."""
    require_part(bench, "alarm")
    if read_state(bench) == "ALARM":
        raise NotReadyError(
            "Your alarm rings already. It is to be OK before the check breaks a caller.",
            next_step="loop alarms",
        )
    bench.say(f"a caller breaks; your alarm is to ring, which may take {RINGS_WITHIN_S} s")
    rang_after_s = wait_for(bench, "ALARM", RINGS_WITHIN_S, refuse=True)
    if rang_after_s is None:
        return Failure(
            expected=f"{REFUSED_A_MINUTE} refused requests a minute make it ring",
            observed=f"it did not within {RINGS_WITHIN_S} s",
            where="loop alarms shows its state and why.",
        )
    bench.say(f"the caller stops; it is to be OK again, which may take {RETURNS_WITHIN_S} s")
    returned_after_s = wait_for(bench, "OK", RETURNS_WITHIN_S, refuse=False)
    if returned_after_s is None:
        return Failure(
            expected="it returns to OK when the caller has stopped",
            observed=f"it did not within {RETURNS_WITHIN_S} s",
            where="loop alarms shows its state and why.",
        )
    bench.metrics |= {"rang_after_s": rang_after_s, "returned_after_s": returned_after_s}
    return None


def wait_for(bench: Bench, state: str, within_s: float, *, refuse: bool) -> float | None:
    """Return how many seconds a state took to come, or None; meanwhile a caller may be broken."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < within_s:
        if refuse:
            for _ in range(REFUSED_A_MINUTE // 2):
                bench.live.api.post("/v1/predict", {"records": [{"no such column": 1}]})
        if read_state(bench) == state:
            return round(passed, 1)
        time.sleep(10)
    return None


def read_state(bench: Bench) -> str:
    """Return the state of the learner's alarm."""
    alarms = bench.live.loop("alarms")["alarms"]
    found = next((each for each in alarms if each["name"].endswith(SLUG)), None)
    if found is None:
        raise NotReadyError("Your alarm is not deployed.", next_step="loop deploy")
    return str(found["state"])


def make_case(name: str, minutes: list[Minute], *, rings: int | None, why: str) -> Case:
    """Make a case; `rings` is the last minute, from 0, in which it may begin."""
    return Case(name, ([list(each) for each in minutes],), (rings, why))
