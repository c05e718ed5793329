"""Makes the golden files of `plumb-stats` from the reference implementations.

Run from the root of the repository:  python oracles/stats.py
Writes crates/plumb-stats/tests/golden/*.json, each with the versions it was made with. The inputs are rounded so that
JSON holds them exactly. cleanlab is run as a black box: the Rust code follows the paper.
"""

import json
import pathlib
import warnings

import cleanlab
import numpy as np
import scipy
import sklearn
import statsmodels
from cleanlab import count, filter as issue_filter
from scipy import special, stats
from scipy.spatial import distance
from sklearn import metrics
from statsmodels.stats import contingency_tables, multitest, proportion

GOLDEN = pathlib.Path(__file__).parent.parent / "crates/plumb-stats/tests/golden"
VERSIONS = {module.__name__: module.__version__ for module in (np, scipy, sklearn, statsmodels, cleanlab)}


def write(name, cases):
    path = GOLDEN / f"{name}.json"
    path.write_text(json.dumps({"versions": VERSIONS, "cases": cases}, indent=None, separators=(",", ":")) + "\n")
    print(path.name, path.stat().st_size)


def softmax(logits):
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def classes_case(rng, rows, classes, sharp, digits, weights=None):
    """Labels and probabilities; few digits make ties."""
    truth = rng.choice(classes, size=rows, p=weights)
    logits = rng.normal(size=(rows, classes)) + sharp * np.eye(classes)[truth]
    probabilities = np.round(softmax(logits), digits)
    if classes == 2:
        probabilities[:, 0] = 1 - probabilities[:, 1]
    return truth, probabilities


def ece(truth, probabilities, bins=15):
    """Bins [low, high), the last closed; two classes by p(class 1). torchmetrics 1.9.0 agrees to 3e-8 on these cases."""
    if probabilities.shape[1] == 2:
        confidence, right = probabilities[:, 1], truth == 1
    else:
        confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    edges = np.linspace(0, 1, bins + 1)
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence >= low) & ((confidence < high) | (high == 1.0))
        if inside.any():
            total += inside.sum() * abs(right[inside].mean() - confidence[inside].mean())
    return total / len(truth)


def classification_metrics(truth, probabilities):
    classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    average = "binary" if classes == 2 else "macro"
    onehot = np.eye(classes)[truth]
    score = {"zero_division": 0, "average": average}
    out = {
        "accuracy": metrics.accuracy_score(truth, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, predicted),
        "precision": metrics.precision_score(truth, predicted, **score),
        "recall": metrics.recall_score(truth, predicted, **score),
        "f1": metrics.f1_score(truth, predicted, **score),
        "mcc": metrics.matthews_corrcoef(truth, predicted),
        "kappa": metrics.cohen_kappa_score(truth, predicted),
        "log_loss": metrics.log_loss(truth, probabilities, labels=range(classes)),
        "ece": ece(truth, probabilities),
    }
    if classes == 2:
        out["brier"] = metrics.brier_score_loss(truth, probabilities[:, 1])
        out["auroc"] = metrics.roc_auc_score(truth, probabilities[:, 1])
        out["auprc"] = metrics.average_precision_score(truth, probabilities[:, 1])
    else:
        out["brier"] = ((probabilities - onehot) ** 2).sum(axis=1).mean()
        out["auroc"] = metrics.roc_auc_score(onehot, probabilities, average="macro")
        out["auprc"] = metrics.average_precision_score(onehot, probabilities, average="macro")
    return {name: float(value) for name, value in out.items()}


def make_classification():
    rng = np.random.default_rng(1)
    cases = []
    for rows, classes, sharp, digits, weights in [
        (200, 2, 1.0, 6, None),
        (300, 2, 0.7, 2, [0.93, 0.07]),
        (60, 2, 8.0, 12, None),
        (250, 3, 1.0, 8, None),
        (150, 5, 1.5, 8, [0.5, 0.2, 0.15, 0.1, 0.05]),
    ]:
        truth, probabilities = classes_case(rng, rows, classes, sharp, digits, weights)
        if classes > 2:  # rounded rows must sum to one as exactly as the reference asks
            probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
        predicted = probabilities.argmax(axis=1)
        precision, recall, f1, support = metrics.precision_recall_fscore_support(
            truth, predicted, labels=range(classes), zero_division=0
        )
        cases.append(
            {
                "classes": classes,
                "truth": truth.tolist(),
                "probabilities": probabilities.ravel().tolist(),
                "metrics": classification_metrics(truth, probabilities),
                "confusion": metrics.confusion_matrix(truth, predicted, labels=range(classes)).ravel().tolist(),
                "per_class": [precision.tolist(), recall.tolist(), f1.tolist(), support.tolist()],
            }
        )
    write("classification", cases)


def make_multilabel():
    rng = np.random.default_rng(9)
    cases = []
    for rows, labels, digits in [(80, 4, 6), (200, 9, 2)]:
        truth = rng.uniform(size=(rows, labels)) < np.linspace(0.1, 0.6, labels)
        scores = np.round(special.expit(rng.normal(size=(rows, labels)) + 1.5 * truth - 0.7), digits)
        called = scores >= 0.5
        values = {
            "micro_f1": metrics.f1_score(truth, called, average="micro"),
            "macro_f1": metrics.f1_score(truth, called, average="macro"),
            "hamming_loss": metrics.hamming_loss(truth, called),
            "exact_match": metrics.accuracy_score(truth, called),
            "macro_auroc": metrics.roc_auc_score(truth, scores, average="macro"),
            "macro_auprc": metrics.average_precision_score(truth, scores, average="macro"),
            "label_ranking_precision": metrics.label_ranking_average_precision_score(truth, scores),
        }
        cases.append(
            {"labels": labels, "truth": truth.astype(int).ravel().tolist(), "scores": scores.ravel().tolist(),
             "metrics": {name: float(value) for name, value in values.items()}}
        )
    write("multilabel", cases)


def make_regression():
    rng = np.random.default_rng(2)
    cases = []
    for rows, scale, offset in [(100, 1.0, 0.0), (101, 1e-3, 1e6), (7, 50.0, -3.0)]:
        truth = np.round(rng.normal(size=rows) * scale + offset, 6)
        predicted = np.round(truth + rng.standard_t(3, size=rows) * scale * 0.5, 6)
        cases.append(
            {
                "truth": truth.tolist(),
                "predicted": predicted.tolist(),
                "metrics": {
                    "rmse": metrics.root_mean_squared_error(truth, predicted),
                    "mse": metrics.mean_squared_error(truth, predicted),
                    "mae": metrics.mean_absolute_error(truth, predicted),
                    "median_absolute_error": metrics.median_absolute_error(truth, predicted),
                    "r2": metrics.r2_score(truth, predicted),
                },
            }
        )
    write("regression", cases)


def make_bca():
    """SciPy's own resamples are caught on their way through the statistic, and injected into the Rust code."""
    rng = np.random.default_rng(3)
    truth = np.round(rng.normal(size=40), 4)
    predicted = np.round(truth + rng.gamma(1.0, size=40), 4)
    error = lambda t, p: metrics.mean_absolute_error(t, p)
    indices = rng.integers(0, 40, size=(500, 40))
    resamples = np.array([error(truth[i], predicted[i]) for i in indices])
    result = stats.bootstrap(
        (truth, predicted), error, paired=True, vectorized=False, n_resamples=0, method="BCa",
        bootstrap_result=stats._resampling.BootstrapResult(None, resamples, None),
    )
    weights = [np.bincount(i, minlength=40).tolist() for i in indices]
    cases = [
        {
            "truth": truth.tolist(), "predicted": predicted.tolist(), "weights": weights,
            "low": result.confidence_interval.low, "high": result.confidence_interval.high,
            "percentile": np.percentile(resamples, [2.5, 97.5]).tolist(),
        }
    ]
    write("bca", cases)


def make_tests():
    rng = np.random.default_rng(4)
    cases = {"mcnemar": [], "ks": [], "chi_squared": [], "mann_whitney": [], "welch": [], "wilson": [], "ks_large": []}
    for b, c in [(10, 25), (0, 6), (40, 40), (1, 1), (120, 310), (3, 0)]:
        table = [[7, b], [c, 9]]
        run = lambda **options: contingency_tables.mcnemar(table, **options)
        exact, plain, corrected = run(exact=True), run(exact=False, correction=False), run(exact=False, correction=True)
        cases["mcnemar"].append(
            {"b": b, "c": c, "exact": exact.pvalue, "plain": [plain.statistic, plain.pvalue],
             "corrected": [corrected.statistic, corrected.pvalue]}
        )
    for n, m, shift, digits in [(20, 25, 0.0, 8), (50, 80, 0.4, 1), (7, 9, 3.0, 8), (200, 300, 0.15, 8), (60, 60, 1.5, 8)]:
        a, b = np.round(rng.normal(size=n), digits), np.round(rng.normal(shift, size=m), digits)
        exact = stats.ks_2samp(a, b, method="exact")
        u = stats.mannwhitneyu(a, b, method="asymptotic")
        both = {"a": a.tolist(), "b": b.tolist()}
        cases["ks"].append({**both, "statistic": exact.statistic, "p": exact.pvalue})
        mean, half = a.mean(), stats.t.ppf(0.975, n - 1) * a.std(ddof=1)
        cases["welch"].append({**both, "p": stats.ttest_ind(a, b, equal_var=False).pvalue,
                               "mean": [mean - half / n**0.5, mean + half / n**0.5],
                               "next": [mean - half * (1 + 1 / n) ** 0.5, mean + half * (1 + 1 / n) ** 0.5]})
        cases["mann_whitney"].append({**both, "u": u.statistic, "p": u.pvalue})
    for shift in [2.0, 10.0, 30.0, 60.0, 90.0, 200.0]:
        a, b = np.arange(1500.0), 1.5 * np.arange(1000.0) + shift
        statistic = stats.ks_2samp(a, b, method="asymp").statistic
        limit = special.kolmogorov(np.sqrt(1500 * 1000 / 2500) * statistic)
        cases["ks_large"].append({"shift": shift, "statistic": statistic, "p": float(limit)})
    for shape in [(2, 2), (2, 2), (3, 4), (6, 2), (10, 10)]:
        table = rng.integers(1, 40, size=shape)
        plain, yates = stats.chi2_contingency(table, correction=False), stats.chi2_contingency(table)
        cases["chi_squared"].append(
            {"table": table.astype(float).tolist(), "plain": [plain.statistic, plain.pvalue, plain.dof],
             "yates": [yates.statistic, yates.pvalue],
             "cramers_v": stats.contingency.association(table, method="cramer", correction=False)}
        )
    for successes, trials in [(0, 10), (3, 10), (10, 10), (512, 1000), (1, 100000)]:
        for level in (0.95, 0.9):
            low, high = proportion.proportion_confint(successes, trials, alpha=1 - level, method="wilson")
            cases["wilson"].append([successes, trials, level, float(low), float(high)])
    p = np.round(rng.uniform(size=12) ** 3, 6)
    cases["multiplicity"] = {
        "p": p.tolist(), "holm": multitest.multipletests(p, method="holm")[1].tolist(),
        "bh": multitest.multipletests(p, method="fdr_bh")[1].tolist(),
    }
    cases["delong"] = delong_case(rng)
    write("tests", cases)


def delong_case(rng):
    """By its definition, pair by pair (DeLong, DeLong, Clarke-Pearson 1988)."""
    positive = rng.uniform(size=90) < 0.4
    a = np.round(rng.normal(size=90) + 1.0 * positive, 1)
    b = np.round(rng.normal(size=90) + 0.6 * positive, 1)
    areas, v10, v01 = [], [], []
    for scores in (a, b):
        x, y = scores[positive][:, None], scores[~positive][None, :]
        psi = (x > y) + 0.5 * (x == y)
        areas.append(psi.mean()), v10.append(psi.mean(axis=1)), v01.append(psi.mean(axis=0))
    cov = np.cov(v10) / positive.sum() + np.cov(v01) / (~positive).sum()
    error = np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    gap = areas[0] - areas[1]
    half = stats.norm.ppf(0.975) * error
    return {"positive": positive.tolist(), "a": a.tolist(), "b": b.tolist(), "difference": gap,
            "low": gap - half, "high": gap + half, "p": 2 * stats.norm.sf(abs(gap / error))}


def make_coverage():
    """How likely split conformal sets hold the truth in so few of new rows, where rows are exchangeable."""
    cases = []
    for calibration, rows, covered, rank in [(99, 50, 40, 90), (2000, 3000, 2661, 1801), (2000, 3000, 2600, 1801), (19, 30, 30, 18), (500, 100000, 89000, 451)]:
        p = stats.betabinom.cdf(covered, rows, rank, calibration + 1 - rank)
        cases.append({"calibration": calibration, "rows": rows, "covered": covered, "level": 0.9, "rank": rank, "p": float(p)})
    write("coverage", cases)


def make_samples():
    rng = np.random.default_rng(5)
    cases = []
    for n, m, digits in [(60, 45, 6), (200, 200, 1), (11, 30, 6)]:
        a, b = np.round(rng.gamma(2.0, size=n), digits), np.round(rng.gamma(2.5, size=m), digits)
        k = min(n, m)
        groups = rng.integers(0, 4, size=n)
        edges = np.quantile(a, np.arange(1, 10) / 10)
        counts = [np.bincount(np.searchsorted(np.unique(edges), s, side="left"), minlength=len(np.unique(edges)) + 1) for s in (a, b)]
        p, q = (np.where(c == 0, 1e-4, c / c.sum()) for c in counts)
        pooled = np.sqrt(((n - 1) * a.var(ddof=1) + (m - 1) * b.var(ddof=1)) / (n + m - 2))
        between = sum((groups == g).sum() * (a[groups == g].mean() - a.mean()) ** 2 for g in np.unique(groups))
        cases.append(
            {
                "a": a.tolist(), "b": b.tolist(), "groups": groups.tolist(),
                "variance": a.var(ddof=1), "mad": stats.median_abs_deviation(a), "skewness": stats.skew(a),
                "kurtosis": stats.kurtosis(a), "quantiles": np.quantile(a, [0.0, 0.1, 0.33, 0.5, 0.9, 1.0]).tolist(),
                "pearson": list(map(float, stats.pearsonr(a[:k], b[:k]))), "spearman": list(map(float, stats.spearmanr(a[:k], b[:k]))),
                "wasserstein": stats.wasserstein_distance(a, b), "counts": [c.tolist() for c in counts],
                "jensen_shannon": distance.jensenshannon(counts[0], counts[1], base=2),
                "psi": float(((q - p) * np.log(q / p)).sum()),
                "cohens_d": (a.mean() - b.mean()) / pooled,
                "cliffs_delta": float(np.sign(a[:, None] - b[None, :]).mean()),
                "eta_squared": between / ((a - a.mean()) ** 2).sum(),
            }
        )
    write("samples", cases)


def pooled(first, second, least=5.0):
    """Categories that are rare in either sample as one, the rarest first, until it is not rare."""
    pairs = sorted((pair for pair in zip(first, second) if sum(pair)), key=lambda pair: -sum(pair))
    smaller = min(sum(first), sum(second)) / (sum(first) + sum(second))
    rare, is_rare = (0, 0), lambda pair: sum(pair) * smaller < least
    while len(pairs) > 1 and (is_rare(pairs[-1]) or (rare != (0, 0) and is_rare(rare))):
        rare = tuple(map(sum, zip(rare, pairs.pop())))
    return np.array(pairs + [rare] * (rare != (0, 0))).T


def make_monitoring():
    """What monitoring tests, against SciPy and scikit-learn."""
    rng = np.random.default_rng(12)
    cases = {"fisher": [], "two_counts": [], "beyond_extremes": [], "expected": [], "wasserstein": []}
    for table in [[[3, 1], [1, 3]], [[0, 7], [5, 2]], [[200, 3], [180, 12]], [[1, 0], [99, 900]], [[40, 2], [37, 9]]]:
        cases["fisher"].append({"table": table, "p": stats.fisher_exact(table).pvalue})
    for rows, other, shares, moved in [(400, 300, [0.5, 0.3, 0.2], [0.4, 0.3, 0.3]), (2000, 500, [0.9, 0.06, 0.03, 0.01], [0.88, 0.07, 0.02, 0.03]),
                                       (60, 50, [0.97, 0.03], [0.9, 0.1]), (300, 300, [0.25] * 4 + [0], [0.23] * 4 + [0.08])]:
        first, second = rng.multinomial(rows, shares), rng.multinomial(other, moved)
        table = pooled(first.tolist(), second.tolist())
        expected = table.sum(0) * min(rows, other) / (rows + other)
        exact = table.shape == (2, 2) and (expected < 5).any()
        p = stats.fisher_exact(table).pvalue if exact else stats.chi2_contingency(table, correction=False).pvalue
        cases["two_counts"].append({"first": first.tolist(), "second": second.tolist(), "p": p, "categories": table.shape[1],
                                    "method": "fisher" if exact else "chi-squared"})
    for reference, rows, outside in [(100, 50, 3), (2000, 1000, 1), (2000, 1000, 12), (10, 10, 10), (500, 20000, 80)]:
        p = stats.betabinom.sf(outside - 1, rows, 2, reference - 1)
        cases["beyond_extremes"].append({"reference": reference, "rows": rows, "outside": outside, "p": p})
    for rows, classes in [(200, 2), (150, 4)]:
        probabilities = np.round(softmax(1.5 * rng.normal(size=(rows, classes))), 6)
        probabilities[:, 0] = 1 - probabilities[:, 1:].sum(axis=1)
        truth, repeated = np.tile(np.arange(classes), rows), np.repeat(probabilities, classes, axis=0)
        weight, predicted = probabilities.ravel(), repeated.argmax(axis=1)
        values = {"accuracy": metrics.accuracy_score(truth, predicted, sample_weight=weight),
                  "log_loss": metrics.log_loss(truth, repeated, labels=range(classes), sample_weight=weight),
                  "f1": metrics.f1_score(truth, predicted, average="binary" if classes == 2 else "macro", sample_weight=weight)}
        if classes == 2:
            values["auroc"] = metrics.roc_auc_score(truth, repeated[:, 1], sample_weight=weight)
        cases["expected"].append({"classes": classes, "probabilities": probabilities.ravel().tolist(), "metrics": values})
    for shift, scale in [(0.0, 1.0), (0.3, 1.0), (0.0, 2.0)]:
        a, b = np.round(rng.normal(3, 2, size=80), 6), np.round(3 + shift + 2 * scale * rng.normal(size=60), 6)
        cases["wasserstein"].append({"reference": a.tolist(), "current": b.tolist(), "distance": stats.wasserstein_distance(a, b) / a.std()})
    write("monitoring", cases)


def make_noise():
    rng = np.random.default_rng(6)
    cases = []
    for rows, classes, sharp in [(300, 2, 2.0), (400, 3, 2.5), (250, 4, 1.5)]:
        truth, probabilities = classes_case(rng, rows, classes, sharp, 9)
        flipped = rng.uniform(size=rows) < 0.1
        labels = np.where(flipped, (truth + rng.integers(1, classes, size=rows)) % classes, truth)
        run = lambda by: issue_filter.find_label_issues(labels, probabilities, filter_by=by, n_jobs=1)
        cases.append(
            {
                "classes": classes, "labels": labels.tolist(), "probabilities": probabilities.ravel().tolist(),
                "joint": count.compute_confident_joint(labels, probabilities, calibrate=False).ravel().tolist(),
                "confident": np.flatnonzero(run("confident_learning")).tolist(),
                "pruned": np.flatnonzero(run("prune_by_noise_rate")).tolist(),
            }
        )
    write("noise", cases)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for make in (make_classification, make_multilabel, make_regression, make_bca, make_tests, make_coverage, make_samples, make_monitoring, make_noise):
        make()
