"""Golden factors of torch.optim.lr_scheduler: the rate at each step of an optimizer that started at rate 1.

Run: python oracles/schedules.py > crates/plumb-learn/tests/golden/schedules.json
"""
import json
import math
import sys

import torch
from torch.optim import lr_scheduler as s

TOTAL = 60


def rates(make, rate=1.0, feed=None):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=rate)
    schedule = make(optimizer)
    seen = []
    for step in range(TOTAL):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step + 1 < TOTAL:  # one-cycle refuses a step past its end
            schedule.step(*([feed[step]] if feed else []))
    return seen


def warm(optimizer, steps, then):
    first = s.LinearLR(optimizer, start_factor=1 / steps, end_factor=1.0, total_iters=steps - 1)
    return s.SequentialLR(optimizer, [first, then], [steps])


# Falls, stalls long enough for two drops, falls again, turns bad.
losses = ([1 / (1 + i) for i in range(15)] + [0.07] * 20 + [0.05 - 0.001 * i for i in range(10)] + [0.5] * 15)
cases = {
    "step": rates(lambda o: s.StepLR(o, step_size=20, gamma=0.1)),
    "linear": rates(lambda o: s.LinearLR(o, start_factor=1.0, end_factor=0.0, total_iters=TOTAL)),
    "linear_warmup": rates(lambda o: warm(o, 6, s.LinearLR(o, 1.0, 0.0, total_iters=TOTAL - 6))),
    "cosine": rates(lambda o: s.CosineAnnealingLR(o, T_max=TOTAL, eta_min=0.0)),
    "cosine_floor": rates(lambda o: s.CosineAnnealingLR(o, T_max=TOTAL, eta_min=0.05)),
    "cosine_warmup": rates(lambda o: warm(o, 12, s.CosineAnnealingLR(o, T_max=TOTAL - 12))),
    "warm_restarts": rates(lambda o: s.CosineAnnealingWarmRestarts(o, T_0=4, T_mult=2)),
    "warm_restarts_equal": rates(lambda o: s.CosineAnnealingWarmRestarts(o, T_0=20, T_mult=1, eta_min=0.01)),
    "one_cycle": rates(lambda o: s.OneCycleLR(o, max_lr=1.0, total_steps=TOTAL)),
    "one_cycle_late": rates(lambda o: s.OneCycleLR(o, 1.0, total_steps=TOTAL, pct_start=0.6, div_factor=5,
                                                   final_div_factor=100)),
    "plateau": rates(lambda o: s.ReduceLROnPlateau(o, factor=0.3, patience=4, threshold=1e-3), feed=losses),
    "plateau_cooldown": rates(lambda o: s.ReduceLROnPlateau(o, mode="max", factor=0.5, patience=2, cooldown=3,
                                                            min_lr=0.1), feed=[-x for x in losses]),
}
versions = dict(python=sys.version.split()[0], torch=torch.__version__)
assert all(math.isfinite(x) for rates in cases.values() for x in rates)
json.dump(dict(versions=versions, total=TOTAL, losses=losses, cases=cases), sys.stdout, separators=(",", ":"))
print()
