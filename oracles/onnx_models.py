"""Makes the golden models of `plumb-onnx`: small ONNX files with rows and what ONNX Runtime says of them.

Run from the root of the repository:  python oracles/onnx_models.py
scikit-learn's estimators are exported by skl2onnx, LightGBM's and XGBoost's by onnxmltools, a network is put together by hand.
Writes crates/plumb-onnx/tests/golden/*.onnx and answers.json.
"""

import json
import pathlib
import warnings

import lightgbm
import numpy as np
import onnx
import onnxmltools
import onnxruntime
import skl2onnx
import sklearn
import xgboost
from onnx import TensorProto, helper, numpy_helper
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

GOLDEN = pathlib.Path(__file__).parent.parent / "crates/plumb-onnx/tests/golden"
RNG = np.random.default_rng(41)
ROWS, WIDTH = 300, 4
X = np.round(RNG.normal(size=(ROWS, WIDTH)), 3).astype(np.float32)
TWO = (X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * RNG.normal(size=ROWS) > 0).astype(int)
THREE = np.digitize(X[:, 0] - X[:, 3], [-0.7, 0.7])
NUMBER = (2 * X[:, 0] - X[:, 1] ** 2 + 0.1 * RNG.normal(size=ROWS)).astype(np.float32)
NAMES = np.array(["low", "middle", "high"])[THREE]
HOLES = np.where(RNG.uniform(size=X.shape) < 0.1, np.nan, X).astype(np.float32)
ANSWERS = {}


def answer(name, model, feeds, wanted=None):
    """Writes the model, its inputs and the output that is probabilities or a number, as ONNX Runtime computes it."""
    path = GOLDEN / f"{name}.onnx"
    onnx.save(model, path)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    wanted = wanted or outputs[-1]
    labels = session.run([outputs[0]], feeds)[0]
    value = session.run([wanted], feeds)[0]
    if isinstance(value, list):
        value = np.array([list(row.values()) for row in value], dtype=np.float32)
    write = lambda x: {"shape": list(x.shape), "values": [None if isinstance(v, float) and np.isnan(v) else v for v in np.asarray(x).ravel().tolist()]}
    entry = {"inputs": {key: write(x) for key, x in feeds.items()}, "output": wanted, "expected": write(value)}
    if len(outputs) > 1:
        entry |= {"label": outputs[0], "labels": np.asarray(labels).ravel().tolist()}
    ANSWERS[name] = entry
    print(name, path.stat().st_size)


def numeric(name, estimator, y, x=X, rows=12, **options):
    model = skl2onnx.to_onnx(estimator.fit(x, y), x[:1], target_opset={"": 17, "ai.onnx.ml": 3}, **options)
    answer(name, model, {model.graph.input[0].name: x[:rows]})


def mixed():
    """One input a column, texts among them; the probabilities as a list of maps, which is skl2onnx's default."""
    import pandas as pd

    frame = pd.DataFrame({"a": HOLES[:, 0], "b": X[:, 1], "c": RNG.choice(["x", "y", "z"], ROWS)})
    columns = ColumnTransformer(
        [("n", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["a", "b"]),
         ("c", OneHotEncoder(handle_unknown="ignore"), ["c"])])
    fitted = make_pipeline(columns, LogisticRegression()).fit(frame, NAMES)
    types = [("a", FloatTensorType([None, 1])), ("b", FloatTensorType([None, 1])), ("c", StringTensorType([None, 1]))]
    model = skl2onnx.convert_sklearn(fitted, initial_types=types, target_opset={"": 17, "ai.onnx.ml": 3})
    head = frame[:12].copy()
    head.loc[3, "c"] = "never seen"
    feeds = {"a": head[["a"]].to_numpy(np.float32), "b": head[["b"]].to_numpy(np.float32), "c": head[["c"]].to_numpy(str).astype(object)}
    answer("columns", model, feeds)


def network():
    """A network of standard operators alone, as PyTorch exports one: it runs on the other runtime."""
    weights = [RNG.normal(size=shape).astype(np.float32) for shape in [(WIDTH, 8), (8,), (8, 3), (3,)]]
    constants = [numpy_helper.from_array(w, f"w{i}") for i, w in enumerate(weights)]
    nodes = [
        helper.make_node("Gemm", ["x", "w0", "w1"], ["h"]), helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "w3"], ["logits"]),
    ]
    shape = lambda width: ["batch", width]
    graph = helper.make_graph(
        nodes, "network", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape(WIDTH))],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape(3))], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    answer("network", model, {"x": X[:12]})


def boosted():
    from onnxmltools import convert_lightgbm, convert_xgboost

    types = [("X", ToolsFloat([None, WIDTH]))]
    light = lightgbm.LGBMClassifier(n_estimators=6, num_leaves=5, verbose=-1)
    answer("lightgbm_two", convert_lightgbm(light.fit(HOLES, TWO), initial_types=types, zipmap=False, target_opset=15), {"X": HOLES[:12]})
    light = lightgbm.LGBMRegressor(n_estimators=6, num_leaves=5, verbose=-1)
    answer("lightgbm_number", convert_lightgbm(light.fit(X, NUMBER), initial_types=types, target_opset=15), {"X": X[:12]})
    boost = xgboost.XGBClassifier(n_estimators=5, max_depth=3)
    answer("xgboost_three", convert_xgboost(boost.fit(X, THREE), initial_types=types, target_opset=15), {"X": X[:12]})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    GOLDEN.mkdir(parents=True, exist_ok=True)
    plain = {"options": {"zipmap": False}}
    numeric("logistic_two", make_pipeline(StandardScaler(), LogisticRegression()), TWO, **plain)
    numeric("logistic_three", make_pipeline(MinMaxScaler(), LogisticRegression()), NAMES, **plain)
    numeric("forest_three", RandomForestClassifier(6, max_depth=4, random_state=0), NAMES, **plain)
    numeric("tree_two", DecisionTreeClassifier(max_depth=4, random_state=0), TWO, **plain)
    numeric("boosting_two", GradientBoostingClassifier(n_estimators=8, max_depth=2, random_state=0), TWO, **plain)
    numeric("boosting_three", GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=0), THREE, **plain)
    numeric("perceptron_three", MLPClassifier((6,), max_iter=300, random_state=0), NAMES, **plain)
    numeric("vectors_three", make_pipeline(StandardScaler(), SVC(probability=True, random_state=0)), THREE, **plain)
    numeric("calibrated_two", CalibratedClassifierCV(SGDClassifier(random_state=0), cv=2), TWO, **plain)
    numeric("ridge", make_pipeline(StandardScaler(), Ridge()), NUMBER)
    numeric("forest_number", RandomForestRegressor(5, max_depth=4, random_state=0), NUMBER)
    numeric("extra_number", ExtraTreesRegressor(4, max_depth=4, random_state=0), NUMBER)
    numeric("vectors_number", SVR(), NUMBER)
    mixed()
    network()
    boosted()
    versions = {m.__name__: m.__version__ for m in (np, onnx, onnxruntime, skl2onnx, sklearn, lightgbm, xgboost, onnxmltools)}
    (GOLDEN / "answers.json").write_text(json.dumps({"versions": versions, "models": ANSWERS}, separators=(",", ":")) + "\n")
