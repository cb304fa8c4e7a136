"""Wrong: takes the number in the name for a random one."""


def is_held_out(customers, share):
    return [int(customer[-4:]) % 100 < 100 * share for customer in customers]
