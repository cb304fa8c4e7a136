"""The knobs of the simulated business, and the named ways in which its world can break.

A world is data: the same customers (same seed) can be lived through in any world, because every
random draw belongs to a customer and none depends on a knob. What differs between two worlds is
therefore caused by the knobs alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class World:
    """How the business works and how its feeds report it; the defaults are the normal world.

    Attributes
    ----------
    amounts_factor : float
        What the billing feed multiplies every amount with (1 = euros, 100 = cents).
    support_feed_share : float
        Share of customers whose support contacts still arrive, from 0 to 1.
    flex_plan_share : float
        Share of customers on the plan ``flex``, which the data contract does not know.
    newcomer_share : float
        Share of customers that an advertising campaign brought in during the last three months.
    base_log_odds : float
        Log-odds of churn of a customer for whom every effect is zero.
    price_effect : float
        Change of the log-odds of churn per unit of ``log(monthly bill)``.
    loyalty_effect : float
        Change of the log-odds of churn per unit of ``log(1 + tenure in months)``; negative in the
        normal world, where long-standing customers stay.
    label_lag_days : int
        Days between the end of the outcome window and the day when the outcome reaches the data.
    """

    amounts_factor: float = 1.0
    support_feed_share: float = 1.0
    flex_plan_share: float = 0.0
    newcomer_share: float = 0.0
    base_log_odds: float = 0.1
    price_effect: float = 3.0
    loyalty_effect: float = -0.6
    label_lag_days: int = 3

    def __post_init__(self) -> None:
        for name in ("support_feed_share", "flex_plan_share", "newcomer_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must be a share between 0 and 1")
        if not self.amounts_factor > 0:
            raise ValueError("amounts_factor must be above 0")
        if self.label_lag_days < 0:
            raise ValueError("label_lag_days must be 0 or more")


NORMAL = World()


@dataclass(frozen=True, slots=True)
class Break:
    """One way in which the world can differ from the one that a model was trained in.

    Attributes
    ----------
    name : str
        Short name, as given to ``loop traffic --broken``.
    cause : str
        What happened, in one sentence.
    operator_sees : str
        What shows on the alarms and the dashboard of a model trained in the normal world.
    world : World
        The knobs.
    """

    name: str
    cause: str
    operator_sees: str
    world: World


_ALL = (
    Break(
        name="units",
        cause="The billing feed sends cents instead of euros: every amount is 100 times larger.",
        operator_sees=(
            "Drift rises far above 0.25 within one window, largest on monthly_bill; every "
            "customer looks expensive, predicted churn jumps, and live quality follows when "
            "outcomes arrive. No request fails: the values are inside the contract's ranges."
        ),
        world=replace(NORMAL, amounts_factor=100.0),
    ),
    Break(
        name="missing_feed",
        cause="The support desk's export stopped: support contacts and satisfaction are empty.",
        operator_sees=(
            "Drift rises on support_contacts and satisfaction (all missing); predictions look calm "
            "and live quality is somewhat worse, because the customers in trouble are not seen."
        ),
        world=replace(NORMAL, support_feed_share=0.0),
    ),
    Break(
        name="new_plan",
        cause="Marketing launched the plan 'flex', and a third of the customers moved to it.",
        operator_sees=(
            "Answers carry a warning about an unknown category in plan, drift rises on plan above "
            "all, and live quality hardly moves. In a training file such rows go to the quarantine "
            "until the data contract learns the new plan."
        ),
        world=replace(NORMAL, flex_plan_share=0.33),
    ),
    Break(
        name="price_shock",
        cause=(
            "A rival gives light users a free plan and pays long-standing customers to switch: now "
            "it is small bills and long tenures that leave."
        ),
        operator_sees=(
            "No drift at all, because the customers are the same as before; live quality is bad as "
            "soon as outcomes arrive. Only feedback can show this one (concept drift)."
        ),
        world=replace(NORMAL, price_effect=-1.0, loyalty_effect=0.7, base_log_odds=-0.5),
    ),
    Break(
        name="new_market",
        cause="A campaign works: more than half of the customers joined in the last three months.",
        operator_sees=(
            "Drift rises on tenure_months and what hangs on it, predicted churn rises, and live "
            "quality stays good: the rule of the world is the same and the model knows it. Drift "
            "alone is no proof of harm."
        ),
        world=replace(NORMAL, newcomer_share=0.45),
    ),
)

BREAKS: dict[str, Break] = {each.name: each for each in _ALL}
