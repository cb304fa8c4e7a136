"""Answer five colleagues, each with the number that decides their question."""


def answer(role, facts):
    """Answer the question of one colleague.

    role   who asks: "subject expert", "data scientist", "data engineer", "ml engineer" or
           "product manager"
    facts  dict of what is known, see below

    Return a dict with the fields
        number    the number that decides
        decision  one of two words, see below
        ask       the colleague who has to act next

    subject expert: "It calls these customers risky. They only phone instead of logging in."
        facts     rows (how many such customers), left (how many of them left),
                  mean_probability (what the model told of them, on average)
        number    by how many standard errors the share that left is above what the model told
                  (below: negative). The standard error is that of a share of `rows` customers
                  who leave with the probability that was told
        decision  "mend" where the number is 3 or more, up or down; otherwise "keep"
        ask       to mend: the data scientist; to keep: the subject expert, for more such customers

    data scientist: "A new column, and the score is better. Shall we take it?"
        facts     brier_without, brier_with (0 is best), predicted_on (the day of each prediction,
                  a number), written_on (the day on which the column's value was written)
        number    share of rows whose value was written after the day of the prediction
        decision  "drop" where there is any such row, or where the score is no better; else "take"
        ask       to drop: the data engineer, for the value of that day; to take: the ml engineer

    data engineer: "Last night's file has quarantined rows. Do I let the training run?"
        facts     rows (all rows of the file), limit (a share), reasons (dict: reason to how many
                  rows; one row has one reason)
        number    share of the file's rows that are in quarantine
        decision  "stop" where it is above the limit, else "train"
        ask       by the commonest reason: "unknown category" is for the subject expert (is it
                  real?), "not a number" and "missing" are for the data engineer

    ml engineer: "The larger model is better. Is it quick enough to go live?"
        facts     times_ms (a list, one for each request), limit_ms
        number    the time that 95 of 100 requests stay below, in milliseconds (numpy.quantile)
        decision  "hold" where it is above the limit, else "ship"
        ask       to hold: the data scientist; to ship: the product manager

    product manager: "Is the new model worth changing to?"
        facts     old and new: dicts of leavers_found, leavers_missed, false_alarms,
                  left_in_peace (customers, the same ones in both); cost_missed and cost_call
                  in euros (a call goes to everybody who is found or falsely alarmed);
                  cost_of_change in euros
        number    euros that the new model saves on these customers, before the cost of the change
        decision  "change" where it saves more than the change costs, else "stay"
        ask       to change: the ml engineer; to stay: the data scientist
    """
    return {"number": 0.0001, "decision": "keep", "ask": "data scientist"}
