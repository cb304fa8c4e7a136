"""Choose among candidates."""


def choose(candidates):
    """Choose.

    candidates   list of dicts, in any order:
                     name          "baseline" is the one that looks at no column; it is always there
                     parameters    how many numbers the fitted model holds: the fewer, the simpler; no
                                   two candidates have the same
                     fold_losses   list of k losses, one for each fold, the same folds for all; None if
                                   it could not be fitted

    Return a dict:
        best       name of the candidate with the lowest mean loss; of equal ones, the simpler
        limit      its mean loss and one standard error of that mean (0 for a single fold)
        simplest   name of the simplest candidate whose mean loss is not above the limit. The baseline
                   is that only if it is `best`
        given_up   mean loss of `simplest` less that of `best`
    """
    fitted = [each for each in candidates if each["fold_losses"]]
    best = min(fitted, key=lambda each: sum(each["fold_losses"]) / len(each["fold_losses"]))
    mean = sum(best["fold_losses"]) / len(best["fold_losses"])
    return {"best": best["name"], "limit": mean, "simplest": best["name"], "given_up": 0.0}
