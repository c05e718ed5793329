"""What the scripts `logs_*.py` share: four manners in which a training goes, each from a real cause.

healthy       enough rows, a small network, a rate that falls to 0
overfitting   96 rows with every fourth label wrong, a wide network, no regularisation
diverging     the healthy rows with a rate that is far too high
nan           separable rows and a cross-entropy written by hand as `y log p + (1 - y) log (1 - p)`: as soon as a
              probability rounds to 0 or 1, `0 * log 0` is no number

Event files and the Trainer's states tell the time, so that files made anew differ in that. A wrong verdict on one of these
logs is mended in the judge.
"""
import pathlib
import shutil

import numpy

LOGS = pathlib.Path(__file__).parent.parent / "crates" / "plumb" / "tests" / "golden" / "logs"
MANNERS = ("healthy", "overfitting", "diverging", "nan")
COLUMNS = 12


def rows(manner):
    """Inputs and labels of the training and the validation rows."""
    chance = numpy.random.default_rng(7)
    count = 96 if manner == "overfitting" else 512
    inputs = chance.normal(size=(count + 256, COLUMNS)).astype("float32")
    score = inputs[:, 0] - 0.8 * inputs[:, 1] + 0.6 * inputs[:, 2] * inputs[:, 3]
    if manner != "nan":
        score = score + 0.5 * chance.normal(size=len(score))
    labels = (score > 0).astype("float32")
    if manner == "overfitting":
        wrong = chance.random(count) < 0.25
        labels[:count][wrong] = 1 - labels[:count][wrong]
    return (inputs[:count], labels[:count]), (inputs[count:], labels[count:])


def fresh(tool, manner):
    """The folder for the logs of a tool in a manner, emptied."""
    folder = LOGS / f"{tool}-{manner}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
