"""Decide which rows are held out, once and for all."""

import random


def is_held_out(customers, share):
    """Say for every row whether it is held out.

    customers   whose row it is, one text for each row: ["T0-000017", "T0-000017", "T0-000023", ...];
                most customers have several rows
    share       which share of the customers is held out, such as 0.2

    Return a list of True and False, one for each row:
        all rows of a customer are on the same side
        about `share` of the customers are held out
        a customer's side is always the same: in whatever order the rows come, whoever else is in
        the list, today and next year, on this computer and on others
    """
    chance = random.Random(0)
    return [chance.random() < share for _ in customers]
