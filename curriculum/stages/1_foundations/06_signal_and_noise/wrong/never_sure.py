"""Wrong: never fooled, because it never says anything."""


def find_signal(X, y):
    return []
