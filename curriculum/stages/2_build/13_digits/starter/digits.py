"""Read handwritten digits."""

from sklearn.linear_model import LogisticRegression


def fit(images, y, seed):
    """Return a model that reads digits, anything that `read` understands.

    images  float array of shape (n, 64): 8 rows of 8 pixels, one row after the other;
            from 0, paper, to 16, ink
    y       int array of shape (n,): the digit, 0 to 9
    """
    return LogisticRegression(max_iter=300, random_state=seed).fit(images, y)


def read(model, images):
    """Return the digit on each image: int array of shape (n,)."""
    return model.predict(images)
