"""Find good settings, and do not spend more than there is."""

from itertools import product


def tune(space, evaluate, budget, seed):
    """Search.

    space      dict: name of a knob -> [kind, low, high]; kind is "linear" or "log" (for knobs whose
               orders of magnitude count). Every number between low and high is allowed
    evaluate   evaluate(settings, share) fits a model with these settings (dict: name -> number) on this
               share of the rows (above 0, at most 1) and returns its cross-validated loss. It costs
               `share`, and the fewer rows, the less sure is the loss
    budget     what all calls together may cost; 9.0 is the price of nine full fits
    seed       for your random choices

    Return the settings that you would train with: those with the lowest true loss, as far as can be
    known.
    """
    best, lowest, spent = None, float("inf"), 0.0
    levels = {name: (low, (low + high) / 2, high) for name, (_kind, low, high) in space.items()}
    for values in product(*levels.values()):
        if spent + 1 > budget:
            break
        settings = dict(zip(levels, values))
        loss = evaluate(settings, 1.0)
        spent += 1
        if loss < lowest:
            best, lowest = settings, loss
    return best
