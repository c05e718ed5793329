"""Makes the golden files of exact Shapley values of trees: `shap.TreeExplainer` against a background (interventional TreeSHAP).

Run from the root of the repository:  python oracles/tree_shap.py
Writes crates/plumb/tests/golden/tree_shap/*.onnx, exported by skl2onnx, and values.json: background rows, rows and their values. A forest's
numbers (of 40 columns, beyond what coalitions can be enumerated for), a forest's probabilities, and margins of boosted trees.
"""

import json
import pathlib

import numpy as np
import shap
import skl2onnx
import sklearn
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor

GOLDEN = pathlib.Path(__file__).parent.parent / "crates/plumb/tests/golden/tree_shap"
RNG = np.random.default_rng(51)
CASES = {}


def case(name, estimator, width, answer, **options):
    x = np.round(RNG.normal(size=(300, width)), 3).astype(np.float32)
    signal = x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) + 0.2 * RNG.normal(size=len(x))
    estimator.fit(x, answer(signal))
    model = skl2onnx.to_onnx(estimator, x[:1], target_opset={"": 17, "ai.onnx.ml": 3}, **options)
    (GOLDEN / f"{name}.onnx").write_bytes(model.SerializeToString())
    background, rows = x[:20], x[20:28]
    explainer = shap.TreeExplainer(estimator, data=background, feature_perturbation="interventional")
    values = np.asarray(explainer.shap_values(rows, check_additivity=True), float)
    values = values[:, :, None] if values.ndim == 2 else values
    CASES[name] = {
        "width": width, "background": background.ravel().tolist(), "rows": rows.ravel().tolist(),
        "base": np.ravel(explainer.expected_value).tolist(),
        # rows x outputs x columns
        "values": np.moveaxis(values, 2, 1).ravel().tolist(),
    }
    print(name, values.shape, len(model.SerializeToString()))


if __name__ == "__main__":
    GOLDEN.mkdir(parents=True, exist_ok=True)
    case("number", RandomForestRegressor(10, max_depth=7, random_state=0), 40, lambda signal: signal)
    thirds = lambda signal: np.digitize(signal, [-1.0, 0.3])
    case("classes", RandomForestClassifier(8, max_depth=5, random_state=0), 9, thirds, options={"zipmap": False})
    case("margin", GradientBoostingClassifier(n_estimators=20, max_depth=3, random_state=0), 9, lambda signal: (signal > -0.5).astype(int),
         options={"zipmap": False})
    versions = {m.__name__: m.__version__ for m in (np, shap, skl2onnx, sklearn)}
    (GOLDEN / "values.json").write_text(json.dumps({"versions": versions, "cases": CASES}, separators=(",", ":")) + "\n")
