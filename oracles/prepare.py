"""Golden values of the preparation: numpy's quantiles, RealMLP's scaling, scikit-learn's standard scaling.

RealMLP's "robust scale, smooth clip" is written out from the paper (Holzmüller, Grinsztajn, Steinwart 2024,
appendix A): minus the median, by q75 - q25, else by half the range, else 0; then x / sqrt(1 + (x / 3)^2).

    python oracles/prepare.py > crates/plumb-data/tests/golden/preparation.json
"""

import json
import sys

import numpy as np
import sklearn
from sklearn.preprocessing import StandardScaler


def robust(train, values):
    width = np.quantile(train, 0.75) - np.quantile(train, 0.25)
    if width == 0.0:
        width = 0.5 * (train.max() - train.min())
    factor = 0.0 if width == 0.0 else 1.0 / (width + 1e-30)
    scaled = (values - np.median(train)) * factor
    return scaled / np.sqrt(1.0 + (scaled / 3.0) ** 2)


def standard(train, values):
    return StandardScaler().fit(train[:, None]).transform(values[:, None])[:, 0]


def main():
    rng = np.random.default_rng(0)
    columns = {
        "normal": rng.normal(5.0, 2.0, 40),
        "heavy": np.exp(rng.normal(0.0, 3.0, 41)),
        "mostly zero": np.where(rng.random(42) < 0.2, rng.normal(0.0, 9.0, 42), 0.0),
        "constant": np.full(10, 3.25),
        "integers": rng.integers(0, 9, 43).astype(float),
        "two": np.array([1.0, 2.0]),
    }
    cases = []
    for name, train in columns.items():
        values = np.concatenate([train[:5], [-1e6, 0.0, 0.5, 1e6]])
        cases.append(
            {
                "name": name,
                "train": train.tolist(),
                "quantiles": np.quantile(train, [0.0, 0.25, 0.5, 0.75, 1.0]).tolist(),
                "values": values.tolist(),
                "robust": robust(train, values).tolist(),
                # scikit-learn only takes the mean off a constant column; Plumb zeroes it.
                "standard": None if name == "constant" else standard(train, values).tolist(),
            }
        )
    versions = {"python": sys.version.split()[0], "numpy": np.__version__, "scikit-learn": sklearn.__version__}
    json.dump({"made_by": "oracles/prepare.py", "versions": versions, "cases": cases}, sys.stdout, indent=1)
    print()


main()
