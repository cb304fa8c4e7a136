"""Divide rows into folds."""

import numpy as np


def make_folds(y, count, seed, groups=None, times=None):
    """Return `count` pairs (fitted, left_out) of int arrays: places of rows.

    y        int array of shape (n,): the class of each row
    count    how many folds
    seed     the same seed gives the same folds, another one others
    groups   None, or an array of shape (n,): rows of one group belong to one customer
    times    None, or a float array of shape (n,): when each row was observed; not in order, and several
             rows may have the same time

    No row is on both sides of a pair. Then:

    - without groups and times: every row is left out exactly once, and is fitted in all other folds. The
      folds differ by one row at most, and so do the numbers of rows of each class in them;
    - with groups: every row is left out exactly once, and is fitted in all other folds. No group is on
      both sides. No fold has more than its share of the rows (n / count) and one largest group;
    - with times: all fitted rows are earlier than all rows left out. From fold to fold, the rows left out
      are later, and those left out before are fitted. All rows but a first block are left out exactly
      once. Each block has about the same number of different times. (Seed and classes play no part.)
    """
    blocks = np.array_split(np.arange(len(y)), count)
    return [(np.setdiff1d(np.arange(len(y)), block), block) for block in blocks]
