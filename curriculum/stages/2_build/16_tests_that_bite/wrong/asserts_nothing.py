"""Wrong: calls everything, and looks at nothing."""


def test_learn(filling):
    for values in ([1, 2, 3], [None, 4], [], [0]):
        filling.learn(values)


def test_apply(filling):
    filled = filling.apply([1, None, 3], 2)
    print(filled)
