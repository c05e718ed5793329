"""Makes the golden files of attribution, conformal sets, isotonic regression, discrepancy and online detectors.

Run from the root of the repository:  python oracles/explain.py
Writes crates/plumb-stats/tests/golden/*.json, each with the versions it was made with. Where a reference draws at random, what it
drew is written down too, and the Rust code is given the same.
"""

import importlib.metadata
import importlib.util
import pathlib
import random
import sys
import warnings

import lime.lime_base
import mapie
import numpy as np
import river
import shap
import sklearn
import torch
from mapie.classification import SplitConformalClassifier
from river._river_rust.drift import AdaptiveWindowing
from river.drift import PageHinkley
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.isotonic import IsotonicRegression

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import stats as golden

golden.VERSIONS = {m.__name__: m.__version__ for m in (np, sklearn, shap, mapie, river, torch)}
golden.VERSIONS |= {name: importlib.metadata.version(name) for name in ("lime", "alibi-detect")}


def alibi_distance():
    """One module of alibi-detect by its file: the package wants a dozen others that nothing here needs."""
    path = importlib.metadata.distribution("alibi-detect").locate_file("alibi_detect/utils/pytorch/distance.py")
    spec = importlib.util.spec_from_file_location("distance", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_kernel_shap():
    """All coalitions of five inputs, and a draw of coalitions of twelve; two outputs."""
    rng = np.random.default_rng(21)
    cases = []
    for inputs, samples in [(5, 30), (12, 200), (2, 2), (4, 14)]:
        weights = np.round(rng.normal(size=(inputs, 2)), 3)
        pair = np.round(rng.normal(size=2), 3)
        model = lambda x: np.tanh(x @ weights) + pair * (x[:, :1] * x[:, 1:2])
        background = np.round(rng.normal(size=(7, inputs)), 3)
        row = np.round(rng.normal(size=(1, inputs)), 3)
        explainer = shap.KernelExplainer(model, background, seed=3)
        values = explainer.shap_values(row, l1_reg=False, nsamples=samples, silent=True)[0]
        used = explainer.nsamplesAdded
        cases.append(
            {
                "inputs": inputs, "samples": samples,
                "members": np.asarray(explainer.maskMatrix)[:used].astype(int).ravel().tolist(),
                "weights": np.asarray(explainer.kernelWeights)[:used].tolist(),
                "outputs": np.asarray(explainer.ey)[:used].T.tolist(),
                "empty": np.ravel(explainer.fnull).tolist(), "full": np.ravel(explainer.fx).tolist(),
                "values": values.T.tolist(),
            }
        )
    golden.write("kernel_shap", cases)


def make_lime():
    rng = np.random.default_rng(22)
    cases = []
    for rows, features in [(60, 4), (200, 12)]:
        data = (rng.uniform(size=(rows, features)) < 0.5).astype(float)
        data[0] = 1
        labels = np.round(data @ rng.normal(size=features) + 0.3 * rng.normal(size=rows), 4)
        distances = np.sqrt(((data - data[0]) ** 2).sum(axis=1))
        width = 0.75 * np.sqrt(features)
        base = lime.lime_base.LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / width**2)))
        run = lambda **how: base.explain_instance_with_data(data, labels[:, None], distances, 0, **how)
        intercept, every, score, local = run(num_features=features, feature_selection="none")
        _, few, _, _ = run(num_features=3, feature_selection="highest_weights")
        cases.append(
            {
                "features": features, "data": data.ravel().tolist(), "labels": labels.tolist(), "distances": distances.tolist(),
                "intercept": float(intercept), "coefficients": [float(c) for _, c in sorted(every)],
                "score": float(score), "local": float(local[0]), "strongest": sorted(int(f) for f, _ in few),
            }
        )
    golden.write("lime", cases)


class Given(ClassifierMixin, BaseEstimator):
    """The probabilities are the inputs."""

    def fit(self, X, y):
        self.classes_, self.n_features_in_ = np.arange(X.shape[1]), X.shape[1]
        return self

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return X.argmax(axis=1)


def make_conformal():
    rng = np.random.default_rng(23)
    cases = []
    for rows, classes, level in [(19, 3, 0.9), (99, 3, 0.7), (250, 5, 0.95), (120, 2, 0.8)]:
        truth, p = golden.classes_case(rng, rows, classes, 1.5, 8)
        _, other = golden.classes_case(rng, 60, classes, 1.5, 8)
        p, other = (x / x.sum(axis=1, keepdims=True) for x in (p, other))
        model = SplitConformalClassifier(Given().fit(p, truth), confidence_level=level, conformity_score="lac", prefit=True)
        _, sets = model.conformalize(p, truth).predict_set(other)
        cases.append(
            {
                "classes": classes, "level": level, "truth": truth.tolist(), "probabilities": p.ravel().tolist(),
                "judged": other.ravel().tolist(), "sets": sets[:, :, 0].astype(int).ravel().tolist(),
            }
        )
    golden.write("conformal", cases)


def make_isotonic():
    rng = np.random.default_rng(24)
    cases = []
    for rows, digits in [(50, 6), (200, 1)]:
        x = np.round(rng.uniform(size=rows), digits)
        y = (rng.uniform(size=rows) < x**2).astype(float)
        at = np.round(rng.uniform(-0.2, 1.2, size=40), 6)
        fitted = IsotonicRegression(out_of_bounds="clip").fit(x, y).predict(at)
        cases.append({"x": x.tolist(), "y": y.tolist(), "at": at.tolist(), "fitted": fitted.tolist()})
    golden.write("isotonic", cases)


def make_mmd():
    rng = np.random.default_rng(25)
    cases = []
    for n, m, shift in [(12, 9, 0.0), (20, 20, 1.0)]:
        a, b = np.round(rng.normal(size=(n, 3)), 4), np.round(rng.normal(shift, size=(m, 3)), 4)
        both = np.concatenate([a, b])
        distance = ((both[:, None] - both[None]) ** 2).sum(axis=2)
        kernel = np.exp(-distance / (2 * 1.3**2))
        value = alibi_distance().mmd2_from_kernel_matrix(torch.tensor(kernel), m)
        cases.append({"a": a.ravel().tolist(), "b": b.ravel().tolist(), "scale": 1.3, "mmd2": float(value)})
    golden.write("mmd", cases)


def make_online():
    """The stream of river's docstrings, and noise with steps."""
    rng = random.Random(12345)
    docstring = rng.choices([0, 1], k=1000) + rng.choices(range(4, 8), k=1000)
    steps = np.round(np.concatenate([np.random.default_rng(26).normal(mean, 1, 1500) for mean in (0, 1.5, 1.4, 4)]), 3)
    cases = []
    for stream in (docstring, steps.tolist()):
        page, window = PageHinkley(), AdaptiveWindowing(delta=0.002, clock=32, max_buckets=5, min_window_length=5, grace_period=10)
        found = {"page_hinkley": [], "adwin": [], "widths": []}
        for at, x in enumerate(stream):
            page.update(x)
            if page.drift_detected:
                found["page_hinkley"].append(at)
            if window.update(x):
                found["adwin"].append(at)
                found["widths"].append(window.get_width())
        cases.append({"stream": stream} | found | {"width": window.get_width(), "variance": window.get_variance()})
    golden.write("online", cases)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for make in (make_kernel_shap, make_lime, make_conformal, make_isotonic, make_mmd, make_online):
        make()
