"""Golden trajectories of torch.optim and of the exponential moving average, 50 steps on a fixed problem.

The problem: f(p) = sum(c * (p - t)^2) / 2 + sum(sin(3 p)) / 10 in 7 dimensions with curvatures from 0.05 to 5,
so that every optimizer meets steep and flat directions. The gradients are stored too: the test feeds the very
numbers that torch saw, and an error cannot hide behind a different path.

Run: python oracles/optimizers.py > crates/plumb-learn/tests/golden/optimizers.json
"""
import json
import sys

import torch
from torch.optim.swa_utils import get_ema_multi_avg_fn

STEPS = 50
CASES = {
    "sgd": (torch.optim.SGD, dict(lr=0.05)),
    "sgd_decay": (torch.optim.SGD, dict(lr=0.05, weight_decay=0.1)),
    "sgd_momentum": (torch.optim.SGD, dict(lr=0.02, momentum=0.9)),
    "sgd_dampening": (torch.optim.SGD, dict(lr=0.05, momentum=0.9, dampening=0.3, weight_decay=0.01)),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=0.02, momentum=0.85, nesterov=True, weight_decay=0.01)),
    "adam": (torch.optim.Adam, dict(lr=0.05)),
    "adam_l2": (torch.optim.Adam, dict(lr=0.05, betas=(0.9, 0.95), weight_decay=0.1)),
    "adamw": (torch.optim.AdamW, dict(lr=0.05, weight_decay=0.1)),
    "adamw_eps": (torch.optim.AdamW, dict(lr=0.04, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.02)),
}


def problem(dtype):
    start = torch.tensor([1.5, -2.0, 0.3, 0.0, 4.0, -0.7, 1e-3], dtype=dtype)
    target = torch.tensor([0.5, 1.0, -0.3, 2.0, 3.5, 0.7, 0.0], dtype=dtype)
    curvature = torch.tensor([0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 0.7], dtype=dtype)
    return start, lambda p: (curvature * (p - target) ** 2).sum() / 2 + torch.sin(3 * p).sum() / 10


def trajectory(optimizer, settings, dtype):
    start, loss = problem(dtype)
    p = torch.nn.Parameter(start.clone())
    optimizer = optimizer([p], foreach=False, **settings)
    values, gradients = [p.tolist()], []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(p).backward()
        gradients.append(p.grad.tolist())
        optimizer.step()
        values.append(p.tolist())
    return dict(values=values, gradients=gradients)


def moving_average(decay):
    start, loss = problem(torch.float32)
    p = torch.nn.Parameter(start.clone())
    optimizer = torch.optim.SGD([p], lr=0.05)
    average, update = [start.clone()], get_ema_multi_avg_fn(decay)
    values, averages = [p.tolist()], [average[0].tolist()]
    for step in range(STEPS):
        optimizer.zero_grad()
        loss(p).backward()
        optimizer.step()
        update(average, [p.detach()], step)
        values.append(p.tolist())
        averages.append(average[0].tolist())
    return dict(decay=decay, values=values, averages=averages)


def clipping():
    generator = torch.Generator().manual_seed(0)
    gradients = [torch.randn(n, generator=generator) * 3 for n in (5, 64, 130)]
    parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in gradients]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient.clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, 1.5)
    return dict(gradients=[g.tolist() for g in gradients], max_norm=1.5, norm=norm.item(),
                clipped=[p.grad.tolist() for p in parameters])


cases = {
    name: dict(settings=settings, f32=trajectory(kind, settings, torch.float32),
               f64=trajectory(kind, settings, torch.float64))
    for name, (kind, settings) in CASES.items()
}
golden = dict(versions=dict(python=sys.version.split()[0], torch=torch.__version__), cases=cases,
              ema=moving_average(0.9), clip=clipping())
# Nine digits give every f32 back exactly.
short = json.loads(json.dumps(golden), parse_float=lambda text: float(f"{float(text):.9g}"))
json.dump(short, sys.stdout, separators=(",", ":"))
print()
