"""Text: what customers write to the support desk, and which team has to answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TEAMS = ("billing", "network", "contract")

_OWN = {
    "billing": (
        "invoice", "charged", "refund", "amount", "payment", "twice", "euros", "card", "debit",
        "bill", "fee", "overcharged",
    ),
    "network": (
        "outage", "slow", "connection", "router", "offline", "signal", "drops", "speed", "modem",
        "buffering", "down", "restart",
    ),
    "contract": (
        "cancel", "plan", "upgrade", "renew", "terms", "moving", "notice", "switch", "premium",
        "address", "period", "downgrade",
    ),
}  # fmt: skip
_SHARED = (
    "hello", "please", "help", "since", "yesterday", "my", "the", "again", "customer", "service",
    "still", "i", "was", "is", "and", "for", "with", "not", "thanks", "month", "account", "call",
    "waiting", "week",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tickets:
    """`n` messages.

    Attributes
    ----------
    texts : list of n str
    y : int array of shape (n,)
        The place of the team in `TEAMS`.
    """

    texts: list[str]
    y: NDArray[np.int64]


def tickets(rows: int, *, seed: int, confusion: float = 0.15) -> Tickets:
    """Write messages; `confusion` is the share of telling words that are another team's."""
    chance = np.random.default_rng([seed, 77])
    y = chance.choice(len(TEAMS), rows, p=[0.45, 0.35, 0.2])
    return Tickets([_write(int(team), chance, confusion) for team in y], y.astype(np.int64))


def _write(team: int, chance: np.random.Generator, confusion: float) -> str:
    words = list(chance.choice(_SHARED, int(chance.integers(4, 12))))
    for _ in range(int(chance.integers(1, 5))):
        other = chance.random() < confusion
        topic = int(chance.integers(len(TEAMS))) if other else team
        words.append(str(chance.choice(_OWN[TEAMS[topic]])))
    chance.shuffle(words)
    text = " ".join(str(word) for word in words)
    mark = str(chance.choice(["", ".", "!", "?"]))
    return (text.capitalize() if chance.random() < 0.6 else text) + mark
