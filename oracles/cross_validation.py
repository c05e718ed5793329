"""Makes the golden file of the corrected interval of (repeated) cross-validation, with numpy and scipy.

Run from the root of the repository:  python oracles/cross_validation.py
The folds are drawn by scikit-learn and fitted by a linear model, so that scores are as alike as those of real folds. The
error of the mean is that of `corrected_std` in scikit-learn's guide "Statistical comparison of models using grid search".
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold

GOLDEN = pathlib.Path(__file__).parent.parent / "crates/plumb-stats/tests/golden/cross_validation.json"
VERSIONS = {module.__name__: module.__version__ for module in (np, scipy, sklearn)}


def corrected_std(scores, n_train, n_test):
    kr = len(scores)
    return np.sqrt(np.var(scores, ddof=1) * (1 / kr + n_test / n_train))


def case(k, r, level, seed):
    x, y = make_classification(n_samples=240, n_features=8, n_informative=3, flip_y=0.2, random_state=seed)
    scores, tested, fitted = [], 0, 0
    for train, test in RepeatedStratifiedKFold(n_splits=k, n_repeats=r, random_state=seed).split(x, y):
        scores.append(LogisticRegression().fit(x[train], y[train]).score(x[test], y[test]))
        tested, fitted = tested + len(test), fitted + len(train)
    error = corrected_std(np.array(scores), fitted, tested)
    low, high = stats.t.interval(level, len(scores) - 1, loc=np.mean(scores), scale=error)
    return {"scores": scores, "ratio": tested / fitted, "level": level, "low": low, "high": high}


if __name__ == "__main__":
    cases = [case(*each) for each in [(2, 1, 0.95, 1), (5, 1, 0.95, 2), (5, 4, 0.9, 3), (10, 10, 0.95, 4), (7, 3, 0.99, 5)]]
    GOLDEN.write_text(json.dumps({"versions": VERSIONS, "cases": cases}, separators=(",", ":")) + "\n")
    print(GOLDEN.name, GOLDEN.stat().st_size)
