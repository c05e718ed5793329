"""Golden file of encoders of texts, and of recurrent layers: the names and extents of their weights, their hidden states and, where the head is one of
ours, their logits, for weights by a formula and texts of unequal length.

Needs torch and transformers. Writes crates/plumb-learn/tests/golden/encoders.json.
"""

import json
import pathlib

import torch
import transformers
from formula import uniform

OUT = pathlib.Path(__file__).parent.parent / "crates/plumb-learn/tests/golden/encoders.json"
CLASSES = 3
TEXTS = [[5, 9, 41, 7, 7, 30, 2], [5, 11, 2], [5, 17, 3, 29, 2]]
SMALL = {"vocab_size": 50, "max_position_embeddings": 24}
BERT = {**SMALL, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
DISTILBERT = {**SMALL, "dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 24}
MODELS = {
    "bert": (transformers.BertConfig(**BERT, pad_token_id=0), transformers.BertForSequenceClassification),
    "distilbert": (transformers.DistilBertConfig(**DISTILBERT, pad_token_id=0), transformers.DistilBertForSequenceClassification),
    "roberta": (transformers.RobertaConfig(**BERT, pad_token_id=1, type_vocab_size=1, layer_norm_eps=1e-5),
                transformers.RobertaForSequenceClassification),
}


def value(name, shape):
    """A weight that keeps the size of what passes through it."""
    u = uniform(name, int(torch.Size(shape).numel()))
    if len(shape) == 2:
        u = u * (6.0 / shape[1]) ** 0.5
    elif name.endswith("weight"):
        u = 1.0 + 0.2 * u
    else:
        u = 0.1 * u
    return torch.tensor(u.reshape(shape), dtype=torch.float32)


def case(family):
    config, kind = MODELS[family]
    config.num_labels = CLASSES
    model = kind(config).eval()
    state = {name: tensor for name, tensor in model.state_dict().items() if tensor.is_floating_point()}
    state = {name: value(name, tuple(tensor.shape)) for name, tensor in state.items()}
    model.load_state_dict(state, strict=False)
    longest = max(map(len, TEXTS))
    ids = torch.tensor([text + [config.pad_token_id] * (longest - len(text)) for text in TEXTS])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in TEXTS])
    with torch.no_grad():
        hidden = getattr(model, family)(input_ids=ids, attention_mask=mask).last_hidden_state
        logits = model(input_ids=ids, attention_mask=mask).logits
    settings = {key: value for key, value in config.to_dict().items() if isinstance(value, (int, float, str))}
    return {
        "config": {**settings, "model_type": family},
        "weights": [f"{name}:{'x'.join(map(str, tensor.shape))}" for name, tensor in state.items()],
        "hidden": [states[: len(text)].flatten().tolist() for states, text in zip(hidden, TEXTS)],
        # DistilBERT's map before the last one has an activation that ours has not.
        "logits": None if family == "distilbert" else logits.flatten().tolist(),
    }


LENGTHS = [6, 2, 4]
WIDTH, UNITS = 5, 3


def recurrent(kind):
    """Two layers both ways over vectors of unequal length; what fills up gives 0."""
    layers = getattr(torch.nn, kind)(WIDTH, UNITS, num_layers=2, bidirectional=True, batch_first=True)
    state = {name: value(name, tuple(tensor.shape)) for name, tensor in layers.state_dict().items()}
    layers.load_state_dict(state)
    vectors = torch.tensor(uniform("vectors", len(LENGTHS) * max(LENGTHS) * WIDTH), dtype=torch.float32)
    vectors = vectors.reshape(len(LENGTHS), max(LENGTHS), WIDTH)
    packed = torch.nn.utils.rnn.pack_padded_sequence(vectors, LENGTHS, batch_first=True, enforce_sorted=False)
    with torch.no_grad():
        states, _ = torch.nn.utils.rnn.pad_packed_sequence(layers(packed)[0], batch_first=True)
    return {"cell": kind.lower(), "states": states.flatten().tolist()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    versions = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    golden = {"versions": versions, "classes": CLASSES, "texts": TEXTS, "cases": [case(family) for family in MODELS]}
    golden["recurrent"] = {"lengths": LENGTHS, "width": WIDTH, "units": UNITS, "cases": [recurrent("LSTM"), recurrent("GRU")]}
    OUT.write_text(json.dumps(golden) + "\n")
    print(OUT.stat().st_size, "bytes")
