"""Put the right number beside a model's loss."""

import numpy as np


def compare(known, outcomes, answers, measure):
    """Compare a model with the best answer that is the same for every row.

    known      list: the target of the training rows, classes (texts) or numbers
    outcomes   list: the target of n other rows
    answers    what the model answered for these n rows
    measure    how wrong an answer is; the mean over the rows counts
        "errors"     answers are n classes; 1 if it is another class than the outcome, else 0
        "brier"      answers are a float array of shape (n, k), a probability for each class of `known`
                     in sorted order; the sum over the classes of (probability - truth) squared, where
                     truth is 1 for the class of the outcome and 0 for the others
        "absolute"   answers are n numbers; the distance to the outcome
        "squared"    answers are n numbers; the squared distance

    Return a dict:
        constant   the one answer for everybody that has the smallest loss on the training rows: a
                   class, a list of k probabilities, or a number
        baseline   its loss on the n rows
        model      the model's loss on the n rows
        skill      the part of the baseline's loss that the model takes away; None if there is none
    """
    if measure in ("absolute", "squared"):
        power = 1 if measure == "absolute" else 2
        distance = np.abs(np.asarray(outcomes, float) - np.asarray(answers, float)) ** power
        return {
            "constant": 0.0,
            "baseline": float(np.mean(np.abs(np.asarray(outcomes, float)) ** power)),
            "model": float(distance.mean()),
            "skill": 0.0,
        }
    classes = sorted(set(known))
    if measure == "errors":
        constant = classes[0]
        return {
            "constant": constant,
            "baseline": float(np.mean([outcome != constant for outcome in outcomes])),
            "model": float(np.mean([a != b for a, b in zip(answers, outcomes)])),
            "skill": 0.0,
        }
    truth = np.array([[name == outcome for name in classes] for outcome in outcomes], float)
    constant = [1 / len(classes) for _ in classes]
    return {
        "constant": constant,
        "baseline": float(((truth - constant) ** 2).sum(axis=1).mean()),
        "model": float(((truth - answers) ** 2).sum(axis=1).mean()),
        "skill": 0.0,
    }
