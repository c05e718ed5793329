"""Makes the golden file of gradients on lines between rows: a small network by torch, integrated gradients by captum.

Run from the root of the repository:  python oracles/gradients.py
Writes crates/plumb-learn/tests/golden/gradients.json. The rows are what the preparation makes of the columns without scaling: two numbers,
three flags of `kind`, the vector of `town`. Points of expected gradients are drawn here and written down.
"""

import json
import pathlib

import captum
import numpy as np
import torch
from captum.attr import IntegratedGradients

GOLDEN = pathlib.Path("crates/plumb-learn/tests/golden/gradients.json")
ROWS, EXPLAINED, EMBEDDING, HIDDEN, CLASSES = 9, 3, 2, [6, 5], 3
KINDS, TOWNS = ["x", "y", "z"], ["p", "q", "r", "s", "t"]
# Entries of a row that come from each column.
PARTS = {"a": [0], "b": [1], "kind": [2, 3, 4], "town": [5, 6]}
STEPS, DRAWS = 20, 40


def layers(chance):
    """Weights by the names that Plumb gives them, the matrices `[inputs, outputs]`."""
    weights = {"categories.tables.0": chance.normal(size=(len(TOWNS) + 1, EMBEDDING))}
    width = 7
    names = [f"blocks.{at}.linear" for at in range(len(HIDDEN))] + ["head"]
    for name, units in zip(names, [*HIDDEN, CLASSES]):
        weights |= {f"{name}.weight": chance.normal(size=(width, units)), f"{name}.bias": chance.normal(size=units)}
        width = units
    return {name: np.float32(values).astype(float) for name, values in weights.items()}


def network(weights):
    """From a row to probabilities: linear layers with GELU (the exact one) between them."""
    of = {name: torch.tensor(values) for name, values in weights.items()}

    def forward(rows):
        for at in range(len(HIDDEN)):
            rows = torch.nn.functional.gelu(rows @ of[f"blocks.{at}.linear.weight"] + of[f"blocks.{at}.linear.bias"])
        return torch.softmax(rows @ of["head.weight"] + of["head.bias"], dim=1)

    return forward


def by_column(parts):
    """Sums over the entries of each column."""
    return [[float(row[places].sum()) for places in PARTS.values()] for row in np.asarray(parts)]


def expected(forward, row, background, points):
    """The mean of the way times the gradient over points, for each class."""
    found = []
    for output in range(CLASSES):
        total = 0
        for start, share in points:
            at = (background[start] + share * (row - background[start])).requires_grad_(True)
            (slope,) = torch.autograd.grad(forward(at[None])[0, output], at)
            total = total + (row - background[start]) * slope
        found.append((total / len(points)).numpy())
    return by_column(found)


def main():
    chance = np.random.default_rng(31)
    columns = {
        "a": np.float32(chance.normal(size=ROWS)).astype(float), "b": np.float32(chance.normal(size=ROWS)).astype(float),
        "kind": [KINDS[at % 3] for at in range(ROWS)], "town": [TOWNS[at % 5] for at in chance.permutation(ROWS)],
    }
    weights = layers(chance)
    forward = network(weights)
    vectors = [weights["categories.tables.0"][1 + TOWNS.index(town)] for town in columns["town"]]
    flags = [[float(kind == of) for of in KINDS] for kind in columns["kind"]]
    rows = torch.tensor(np.column_stack([columns["a"], columns["b"], flags, vectors]))
    own, background = rows[:EXPLAINED], rows[EXPLAINED:]
    mean = background.mean(dim=0, keepdim=True)
    explain = IntegratedGradients(forward)
    integrated = [
        by_column(np.stack([explain.attribute(row[None], mean, target=k, n_steps=STEPS, method="riemann_middle")[0].numpy() for k in range(CLASSES)]))
        for row in own
    ]
    points = [[int(chance.integers(len(background))), float(chance.uniform())] for _ in range(DRAWS)]
    listed = {name: values.tolist() if hasattr(values, "tolist") else values for name, values in columns.items()}
    golden = {
        "versions": {"torch": torch.__version__, "captum": captum.__version__, "numpy": np.__version__},
        "columns": listed, "explained": EXPLAINED, "steps": STEPS, "points": points,
        "weights": {name: {"shape": list(values.shape), "values": values.ravel().tolist()} for name, values in weights.items()},
        "answers": forward(own).tolist(), "base": forward(mean)[0].tolist(),
        "integrated": integrated, "expected": [expected(forward, row, background, points) for row in own],
    }
    GOLDEN.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
