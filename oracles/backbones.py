"""Golden file of picture networks: the names and extents of their weights, and their logits for weights by a formula.

Needs torch, torchvision and timm. Writes crates/plumb-learn/tests/golden/backbones.json.
"""

import json
import pathlib

import numpy as np
import timm
import torch
import torchvision
from formula import uniform

OUT = pathlib.Path(__file__).parent.parent / "crates/plumb-learn/tests/golden/backbones.json"
CLASSES = 7
TORCHVISION = ["resnet18", "resnet34", "resnet50", "mobilenet_v2", "squeezenet1_1"]
TIMM = ["tf_efficientnet_lite0", "vit_tiny_patch16_224"]


def value(name, shape):
    """A weight that keeps the size of what passes through it; moments near 0 and 1."""
    u = uniform(name, int(np.prod(shape)))
    if name.endswith("running_var"):
        u = 1.0 + 0.3 * u
    elif len(shape) in (2, 4):
        u = u * np.sqrt(6.0 / np.prod(shape[1:]))
    elif name.endswith("weight"):
        u = 1.0 + 0.2 * u
    else:
        u = 0.1 * u
    return torch.tensor(u.reshape(shape), dtype=torch.float32)


def image(side):
    values = uniform(f"image {side}", 3 * side * side)
    return torch.tensor(values.reshape(1, 3, side, side), dtype=torch.float32)


def network(name):
    if name in TIMM:
        return timm.create_model(name, num_classes=CLASSES)
    return getattr(torchvision.models, name)(num_classes=CLASSES)


def case(name):
    model = network(name).eval()
    state = {k: v for k, v in model.state_dict().items() if v.is_floating_point()}
    model.load_state_dict({k: value(k, tuple(v.shape)) for k, v in state.items()}, strict=False)
    # Even and odd sides: paddings and poolings differ.
    sides = [224] if name.startswith("vit") else [64, 75]
    with torch.no_grad():
        logits = {str(side): model(image(side))[0].tolist() for side in sides}
    weights = [f"{k}:{'x'.join(map(str, v.shape))}" for k, v in state.items()]
    return {"architecture": name, "weights": weights, "logits": logits}


if __name__ == "__main__":
    torch.set_num_threads(1)
    cases = [case(name) for name in TORCHVISION + TIMM]
    versions = {"torch": torch.__version__.split("+")[0], "torchvision": torchvision.__version__.split("+")[0]}
    versions["timm"] = timm.__version__
    OUT.write_text(json.dumps({"versions": versions, "classes": CLASSES, "cases": cases}) + "\n")
    print(OUT.stat().st_size, "bytes")
