"""Makes the golden file of permutation importance of `plumb-evaluate` from scikit-learn.

Run from the root of the repository:  python oracles/importance.py
The permutations that scikit-learn draws are written down, and the Rust code is given the same.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import permutation_importance

GOLDEN = pathlib.Path(__file__).parent.parent / "crates/plumb-evaluate/tests/golden/importance.json"


class Formula(RegressorMixin, BaseEstimator):
    """A model that every language can evaluate: 2 a - b + 3 a c."""

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return 2 * X[:, 0] - X[:, 1] + 3 * X[:, 0] * X[:, 2]


def permutations(seed, columns, rows, repeats):
    """As `_calculate_permutation_scores` draws them: one seed for all columns; each repeat shuffles the index on and the column as it is."""
    seed = np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1)
    drawn = []
    for _ in range(columns):
        state, index, now, of_column = np.random.RandomState(seed), np.arange(rows), np.arange(rows), []
        for _ in range(repeats):
            state.shuffle(index)
            now = now[index]
            of_column.append(now.tolist())
        drawn.append(of_column)
    return drawn


if __name__ == "__main__":
    rng = np.random.default_rng(31)
    X = np.round(rng.normal(size=(80, 4)), 4)
    y = np.round(Formula().predict(X) + rng.normal(size=80), 4)
    found = permutation_importance(Formula().fit(X, y), X, y, n_repeats=4, random_state=7, scoring="r2")
    case = {
        "columns": X.T.tolist(), "target": y.tolist(), "permutations": permutations(7, 4, 80, 4),
        "importances": found.importances.tolist(), "mean": found.importances_mean.tolist(), "deviation": found.importances_std.tolist(),
    }
    versions = {"numpy": np.__version__, "sklearn": sklearn.__version__}
    GOLDEN.write_text(json.dumps({"versions": versions, "case": case}, separators=(",", ":")) + "\n")
