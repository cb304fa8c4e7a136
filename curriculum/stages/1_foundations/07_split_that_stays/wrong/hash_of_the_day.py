"""Wrong: Python's own hash, which is another one in every process."""


def is_held_out(customers, share):
    return [hash(customer) % 10_000 < share * 10_000 for customer in customers]
