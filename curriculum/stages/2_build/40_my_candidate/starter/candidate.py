"""Your own candidate: one more in the workflow's Map, under the name `mine`."""

from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor


def build(facts):
    """Return an estimator of scikit-learn, or a Pipeline, that is not fitted yet.

    facts  what is known of the dataset:
           {"task": "binary", "classes": ["no", "yes"], "numbers": ["tenure_months", ...],
            "categories": ["plan", ...], "texts": [], "rows": 4000, "seed": 0}
           task is "binary", "multiclass" or "regression".

    The system fits it on a matrix of floats: first the columns of facts["numbers"], in this order,
    where NaN means missing; then one column of 0 and 1 for each level of a category. It calls
    predict_proba, or predict where the task is "regression".

    What you build must be of classes that can be exported to ONNX, and make the same model again
    from the same rows and the same facts["seed"].
    """
    if facts["task"] == "regression":
        return DecisionTreeRegressor(max_depth=1)
    return DecisionTreeClassifier(max_depth=1)
