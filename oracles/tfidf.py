"""Golden file of the baseline for texts: scikit-learn's TF-IDF of words and of runs of letters, and logistic regression.

Needs scikit-learn and numpy. Writes crates/plumb-data/tests/golden/tfidf.json.
"""

import json
import pathlib

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

OUT = pathlib.Path(__file__).parent.parent / "crates/plumb-data/tests/golden/tfidf.json"

WORDS = {
    "animals": "Dogs cats foxes birds fish über_fast wild tails paws".split(),
    "kitchen": "bread salt pans Ovens soup crème spoons pepper stews".split(),
    "weather": "rain snow winds clouds sunny storms mild frost naïve".split(),
}
COMMON = "the a of and in it was very; often, (seldom) x with good bad old new".split()


def texts(count, chance):
    rows = []
    for row in range(count):
        label = list(WORDS)[chance.integers(len(WORDS))]
        own = [WORDS[label][chance.integers(9)] for _ in range(chance.integers(1, 4))]
        other = [WORDS[name][chance.integers(9)] for name in WORDS if chance.random() < 0.3]
        rest = [COMMON[chance.integers(len(COMMON))] for _ in range(chance.integers(2, 9))]
        words = own + other + rest
        chance.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


def probabilities(train, test):
    block = lambda analyzer, ngrams: TfidfVectorizer(analyzer=analyzer, ngram_range=ngrams, min_df=2, sublinear_tf=True)
    model = make_pipeline(
        make_union(block("word", (1, 2)), block("char_wb", (3, 5))),
        LogisticRegression(C=10, tol=1e-10, max_iter=20000),
    )
    model.fit([text for text, _ in train], [label for _, label in train])
    return model.predict_proba([text for text, _ in test]).tolist()


def main():
    chance = np.random.default_rng(0)
    train, test = texts(90, chance), texts(20, chance)
    two = [row for row in train if row[1] != "weather"]
    golden = {
        "train": train,
        "test": test,
        "three_classes": probabilities(train, test),
        "two_classes": probabilities(two, test),
    }
    OUT.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")


main()
