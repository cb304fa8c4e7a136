"""Wrong: the right idea, for one share only."""

import zlib


def is_held_out(customers, share):
    return [zlib.crc32(customer.encode()) % 5 == 0 for customer in customers]
