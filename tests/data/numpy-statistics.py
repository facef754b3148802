#!/usr/bin/env python3
"""Writes numpy-statistics.txt: aggregate statistics of made-up scores, by their definitions (Agarwal et al. 2021), for
tests/test_statistics.c. Made with numpy 1.24.2:

    python3 numpy-statistics.py > numpy-statistics.txt

Each line is a name and numbers. An interval's end is given as the two numbers it must lie between: the end of a bootstrap of
10,000 resamples lies there with all but 1e-6, because the share of resamples below it has the error sqrt(q (1 - q) / n), here
with the error of this script's own resamples added, times 5.
"""
import numpy as np

rng = np.random.default_rng(20)
N, OWN = 10000, 200000
SLACK = 5 * np.sqrt(0.025 * 0.975 * (1 / N + 1 / OWN))

# (runs, tasks); the second contestant has other numbers of runs; rounded so that there are ties
x = np.round(rng.normal([0.3, 0.8, 1.1], [0.2, 0.1, 0.4], (10, 3)), 2)
y = np.round(rng.normal([0.2, 0.75, 1.3], [0.2, 0.1, 0.4], (7, 3)), 2)
thresholds = [-0.5, 0.0, 0.23, 0.49, 0.75, 0.8, 1.0, 1.5, 3.0]  # 0.23 and 0.49 are scores


def iqm(a):
    flat = np.sort(a, axis=None)
    cut = int(0.25 * flat.size)
    return np.mean(flat[cut:flat.size - cut])


aggregates = {
    "iqm": iqm,
    "mean": lambda a: np.mean(np.mean(a, axis=0)),
    "median": lambda a: np.median(a),
    "task_median": lambda a: np.median(np.mean(a, axis=0)),
    "gap": lambda a: 1.0 - np.mean(np.minimum(a, 1.0)),
}


def improvement(a, b):
    wins = []
    for task in range(a.shape[1]):
        difference = a[:, task][:, None] - b[:, task][None, :]
        wins.append(np.mean((difference > 0) + 0.5 * (difference == 0)))
    return np.mean(wins)


def resample(a):
    rows = rng.integers(a.shape[0], size=a.shape)
    return np.take_along_axis(a, rows, axis=0)


def write(name, *numbers):
    print(name + "".join(f" {float(n):.17g}" for n in numbers))


def ends(values):
    return np.quantile(values, [0.025 - SLACK, 0.025 + SLACK, 0.975 - SLACK, 0.975 + SLACK])


write("x", *x.T.reshape(-1))
write("y", *y.T.reshape(-1))
for name, of in aggregates.items():
    write(name, of(x), *ends([of(resample(x)) for _ in range(OWN)]))
one = x[:, :1]
write("one_task_iqm", iqm(one), *ends([iqm(resample(one)) for _ in range(OWN)]))
write("improvement", improvement(x, y), *ends([improvement(resample(x), resample(y)) for _ in range(OWN)]))
write("thresholds", *thresholds)
for t in thresholds:
    boot = [np.mean(resample(x) > t) for _ in range(OWN // 4)]
    write("profile", np.mean(x > t), *ends(boot))
