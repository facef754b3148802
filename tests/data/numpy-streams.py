#!/usr/bin/env python3
"""Writes numpy-streams.txt: what numpy draws, for tests/test_seed.c. Made with numpy 1.24.2:

    python3 numpy-streams.py > numpy-streams.txt

One line a fact, in order:
    seed S KEYS k0 k1 ...       a new SeedSequence(S, spawn_key=(k0, ...)); each k below 2^32
    words w0 .. w9              its generate_state(10, uint32)
    state HIGH LOW INC_HIGH INC_LOW     PCG64's after seeding
then draws from Generator(PCG64(...)), all from one stream, in hexadecimal:
    random X | uniform LOW HIGH X | below N K
"""
import numpy as np

SEEDS = [0, 1, 2, 42, 2**31, 2**32 - 1, 2**32, 2**53 + 1, 2**64 - 1]
KEYS = [(), (0,), (1, 0, 0, 0, 0), (2, 0, 15, 7, 0), (4, 3, 2, 1, 1), (7, 2**32 - 1, 2**32 - 1, 5, 6),
        (1, 2, 3, 4, 5, 6, 7, 8)]
# odd counts of 32-bit draws leave half a word waiting, which 64-bit draws must pass by; 2^31 + 1 and 2^63 + 1
# reject nearly half of what they draw
BOUNDS = [1, 2, 3, 10, 2**31 + 1, 7, 2**32 - 1, 2**32, 2**32 + 1, 5, 2**40 + 3, 6, 2**63 + 1, 2**64 - 1]
M = 2**64 - 1

print("# written by numpy-streams.py with numpy", np.__version__)
for seed in SEEDS:
    for key in KEYS if seed in (0, 42, 2**32, 2**64 - 1) else KEYS[:2]:
        sequence = np.random.SeedSequence(seed, spawn_key=key)
        print("seed", seed, len(key), *key)
        print("words", *sequence.generate_state(10))
        bits = np.random.PCG64(sequence)
        state = bits.state["state"]
        print("state", *("%x" % v for v in (state["state"] >> 64, state["state"] & M, state["inc"] >> 64,
                                            state["inc"] & M)))
        g = np.random.Generator(bits)
        for again in range(3):
            for n in BOUNDS:
                print("below", n, g.integers(n, dtype=np.uint64))
            print("random", g.random().hex())
            for low, high in ((-0.05, 0.05), (-0.6, -0.4), (-np.pi, np.pi)):
                print("uniform", float(low).hex(), float(high).hex(), g.uniform(low, high).hex())
