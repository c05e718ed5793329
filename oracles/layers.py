"""Golden forward passes and gradients of the layers of plumb-learn, in 64 bits by torch's autograd.

Each case: an input, the layer's parameters (named as in Plumb), the output, and the gradients of
sum(output * coefficients) with respect to the input and to each parameter.

Run: python oracles/layers.py > crates/plumb-learn/tests/golden/layers.json
"""
import json
import math
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(0)
ROWS, IN, OUT = 6, 4, 3


def rand(*shape, scale=1.0):
    return torch.randn(*shape, dtype=torch.float64) * scale


def linear(x, p):
    return F.linear(x, p["weight"].T, p["bias"])


def ntk_linear(x, p):
    return x @ p["weight"] / math.sqrt(IN) + p["bias"]


def scaling(x, p):
    return x * p["scale"]


def batch_norm(x, p):
    return F.batch_norm(x, p["running_mean"].clone(), p["running_var"].clone(), p["weight"], p["bias"], training=True)


def layer_norm(x, p):
    return F.layer_norm(x, (IN,), p["weight"], p["bias"])


def parametric(function):
    return lambda x, p: x + p["strength"] * (function(x) - x)


def pbld(x, p):
    waves = torch.cos(2 * math.pi * x.T[:, :, None] * p["frequency"] + p["phase"])
    embedded = torch.cat([x.T[:, :, None], waves @ p["weight"] + p["bias"]], dim=2)
    return embedded.transpose(0, 1).reshape(ROWS, -1)


def piecewise(x, p):
    """As `rtdl_num_embeddings.PiecewiseLinearEmbeddings(version="B")`, with bins given and a smoothly clipped linear part."""
    x = x.T[:, :, None]
    passed = ((x - p["lower"]) * p["slope"]).clamp(0, 1)
    embedded = passed @ p["weight"] + x / torch.sqrt(1 + (x / 3) ** 2) * p["linear"] + p["bias"]
    return embedded.transpose(0, 1).reshape(ROWS, -1)


def member_scaling(x, p):
    return (x[None] * p["scale"]).reshape(-1, IN)


def member_linear(x, p):
    members = p["weight"].shape[0]
    return torch.bmm(x.reshape(members, -1, IN), p["weight"]).add(p["bias"]).reshape(ROWS, -1)


def conv(x, p):
    return F.conv2d(x.reshape(1, 2, 3, IN), p["weight"], stride=(2, 1), padding=(1, 2), groups=2).reshape(1, -1)


def encoder_layer(norm_first):
    layer = torch.nn.TransformerEncoderLayer(
        IN, 2, 5, 0.0, "gelu", batch_first=True, norm_first=norm_first, dtype=torch.float64
    )

    def forward(x, p):
        turned = {k: v.T if k.endswith("weight") and "norm" not in k else v for k, v in p.items()}
        turned["self_attn.in_proj_weight"] = turned.pop("in_proj.weight")
        turned["self_attn.in_proj_bias"] = turned.pop("in_proj.bias")
        for part in ("weight", "bias"):
            turned[f"self_attn.out_proj.{part}"] = turned.pop(f"out_proj.{part}")
        return torch.func.functional_call(layer, turned, x.reshape(2, 3, IN)).reshape(ROWS, IN)

    return forward


def encoder_parameters():
    sizes = {"in_proj": (IN, 3 * IN), "out_proj": (IN, IN), "linear1": (IN, 5), "linear2": (5, IN)}
    parameters = {}
    for name, (inputs, outputs) in sizes.items():
        parameters |= {f"{name}.weight": rand(inputs, outputs), f"{name}.bias": rand(outputs)}
    for name in ("norm1", "norm2"):
        parameters |= {f"{name}.weight": rand(IN), f"{name}.bias": rand(IN)}
    return parameters


BUFFERS = ("running_mean", "running_var", "lower", "slope")

CASES = {
    "linear": (linear, {"weight": rand(IN, OUT), "bias": rand(OUT)}),
    "ntk_linear": (ntk_linear, {"weight": rand(IN, OUT), "bias": rand(1, OUT)}),
    "scaling": (scaling, {"scale": rand(1, IN)}),
    "batch_norm": (
        batch_norm,
        {"weight": rand(IN), "bias": rand(IN), "running_mean": rand(IN), "running_var": rand(IN).abs()},
    ),
    "layer_norm": (layer_norm, {"weight": rand(IN), "bias": rand(IN)}),
    "parametric_relu": (parametric(F.relu), {"strength": rand(1, IN)}),
    "parametric_selu": (parametric(F.selu), {"strength": rand(1, IN)}),
    "parametric_mish": (parametric(F.mish), {"strength": rand(1, IN)}),
    "pbld": (
        pbld,
        {
            "frequency": rand(IN, 1, 5, scale=0.3),
            "phase": rand(IN, 1, 5),
            "weight": rand(IN, 5, 3),
            "bias": rand(IN, 1, 3),
        },
    ),
    "piecewise": (
        piecewise,
        {
            "lower": torch.linspace(-3, 2, 5, dtype=torch.float64).repeat(IN, 1, 1),
            "slope": torch.tensor([1.0, 0.5, 2.0, 1.0, 0.0], dtype=torch.float64).repeat(IN, 1, 1),
            "weight": rand(IN, 5, 3),
            "linear": rand(IN, 1, 3),
            "bias": rand(IN, 1, 3),
        },
    ),
    "member_scaling": (member_scaling, {"scale": rand(3, 1, IN)}),
    "member_linear": (member_linear, {"weight": rand(2, IN, 3), "bias": rand(2, 1, 3)}),
    "conv": (conv, {"weight": rand(4, 1, 3, 2)}),
    "encoder_layer": (encoder_layer(False), encoder_parameters()),
    "encoder_layer_norm_first": (encoder_layer(True), encoder_parameters()),
}


def case(forward, parameters):
    x = rand(ROWS, IN, scale=2.0).requires_grad_()
    trained = {k: v.clone().requires_grad_() for k, v in parameters.items() if k not in BUFFERS}
    output = forward(x, {**parameters, **trained})
    coefficients = rand(*output.shape)
    (output * coefficients).sum().backward()
    return {
        "input": x.flatten().tolist(),
        "coefficients": coefficients.flatten().tolist(),
        "parameters": {k: {"shape": list(v.shape), "values": v.flatten().tolist()} for k, v in parameters.items()},
        "output": output.flatten().tolist(),
        "input_gradient": x.grad.flatten().tolist(),
        "gradients": {k: v.grad.flatten().tolist() for k, v in trained.items()},
    }


cases = {name: case(*spec) for name, spec in CASES.items()}
json.dump({"versions": {"python": sys.version.split()[0], "torch": torch.__version__}, "cases": cases}, sys.stdout)
print()
