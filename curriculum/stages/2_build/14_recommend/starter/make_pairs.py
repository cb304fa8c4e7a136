"""Write pairs.csv: one row for each user and each of some films they had not played.

What is known of a pair when it is asked about is a column; whether they played it later, the target.
"""

import csv

import numpy as np

from curriculum.material.plays import plays
from recommend import recommend

USERS, ITEMS, EACH = 300, 80, 20

made = plays(USERS, ITEMS, seed=1)
popularity = made.seen.sum(axis=0)
ranked = recommend(made.seen, EACH)
with open("pairs.csv", "w", encoding="utf-8", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(
        ["pair", "user", "place", "film_plays", "user_plays", "in_common_most", "played_later"]
    )
    together = made.seen.T.astype(float) @ made.seen
    for user, items in enumerate(ranked):
        for place, item in enumerate(items):
            common = together[item, made.seen[user]]
            writer.writerow(
                [
                    f"pair-{user:03d}-{item:03d}",
                    f"user-{user:03d}",
                    place + 1,
                    popularity[item],
                    made.seen[user].sum(),
                    int(np.max(common, initial=0)),
                    "yes" if made.later[user, item] else "no",
                ]
            )
