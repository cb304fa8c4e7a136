"""The data contract of the dataset home-internet."""


def contract():
    """Return the contract as a dict, with the fields of core/contract.py.

    A column has: name, kind (numeric, categorical or boolean), and where they apply nullable (True
    when not given), minimum, maximum, categories, sensitive (False when not given).
    """
    return {
        "dataset": "home-internet",
        "task": "binary",
        "target": "cancelled",
        "classes": ["no", "yes"],
        "identifier": "line_id",
        "ignored": ["technician_note", "closed_on"],
        # What fifty rows of last month look like.
        "columns": [
            column("region", "categorical", categories=["north", "south", "east", "west"]),
            column("age_group", "categorical", categories=["under 30", "30-59", "60+"], sensitive=True),
            column("technology", "categorical", categories=["dsl", "cable", "fibre"]),
            column("speed_mbit", "numeric", minimum=15, maximum=480),
            column("outages", "numeric", minimum=0, maximum=9),
            column("signal_db", "numeric", minimum=-8, maximum=12),
            column("modem_age_months", "numeric", minimum=1, maximum=71),
            column("monthly_bill", "numeric", minimum=14.9, maximum=89.9),
            column("autopay", "boolean"),
        ],
    }


def column(name, kind, **limits):
    return {"name": name, "kind": kind, **limits}
