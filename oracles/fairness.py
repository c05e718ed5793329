"""Makes the golden file of the fairness practices of `plumb-evaluate` from fairlearn.

Run from the root of the repository:  python oracles/fairness.py
"""

import json
import pathlib

import fairlearn
import numpy as np
from fairlearn import metrics

GOLDEN = pathlib.Path(__file__).parent.parent / "crates/plumb-evaluate/tests/golden/fairness.json"

if __name__ == "__main__":
    rng = np.random.default_rng(11)
    cases = []
    for shift in (0.0, 0.5, 1.5):
        group = rng.choice(["a", "b", "c"], size=600, p=[0.5, 0.3, 0.2])
        truth = (rng.uniform(size=600) < 0.4).astype(int)
        score = rng.normal(size=600) + 1.2 * truth - shift * (group == "c")
        predicted = (score > 0.6).astype(int)
        groups = {"y_true": truth, "y_pred": predicted, "sensitive_features": group}
        cases.append(
            {
                "group": group.tolist(),
                "truth": truth.tolist(),
                "predicted": predicted.tolist(),
                "equalized_odds_difference": metrics.equalized_odds_difference(**groups, agg="worst_case"),
                "demographic_parity_ratio": metrics.demographic_parity_ratio(**groups),
            }
        )
    versions = {module.__name__: module.__version__ for module in (np, fairlearn)}
    GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    GOLDEN.write_text(json.dumps({"versions": versions, "cases": cases}, separators=(",", ":")) + "\n")
