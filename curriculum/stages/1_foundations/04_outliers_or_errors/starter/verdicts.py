"""Tell wrong rows from unusual ones."""

FEE_EUR = {"basic": 12.0, "standard": 30.0, "premium": 55.0}
EUR_PER_HOUR = {"basic": 0.45, "standard": 0.30, "premium": 0.18}


def judge_rows(rows):
    """Give a verdict for every row of a table of bills.

    rows    a pandas DataFrame:
                customer_id   text
                month         text, such as "2026-03"
                plan          basic, standard or premium: one fee and one price for an hour
                lines         how many lines of that plan the customer has; a business has many
                usage_hours   for each line
                monthly_bill  for all lines, in euros. A discount (down to half of the price) or
                              extras (up to double) may be in it

    Return a list with one text for each row, in the same order:
        "duplicate"   customer and month have come before, further up in the table
        "wrong unit"  the bill is not in euros: it was sent in cents, or cents were taken for euros
                      and divided by a hundred
        "ok"          everything else, however unusual
    """
    bill = rows["monthly_bill"]
    far_away = (bill - bill.mean()).abs() > 3 * bill.std()
    return ["wrong unit" if far else "ok" for far in far_away]
