"""Wrong: draws customers with a fixed seed; a longer list is another draw."""

import random


def is_held_out(customers, share):
    names = sorted(set(customers))
    held_out = set(random.Random(0).sample(names, round(share * len(names))))
    return [customer in held_out for customer in customers]
