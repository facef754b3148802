# What bern eval --spikes writes, read by numpy and held against the same evaluation and the weights of the run.
. "${0%/*}/lib.sh"

python=
for candidate in python3 /usr/bin/python3; do
	[ -z "$python" ] && $candidate -c 'import numpy' 2>/dev/null && python=$candidate
done

bern train CartPole-v1 --seed 3 --hidden 20,9 --firings 8 --total-timesteps 3000 --name mine -q
check 'a run is there' test "$status" -eq 0
bern export runs/mine -o w.npz -q
check 'and its weights' test "$status" -eq 0
bern eval runs/mine --episodes 30 --seed 7 --json
sed "s/\"seconds.*//" "$work/out" >plain.json
bern eval runs/mine --episodes 30 --seed 7 --json --spikes all.npz --inputs
sed "s/\"seconds.*//" "$work/out" >watched.json
check 'the evaluation is the same with a recording' cmp -s plain.json watched.json
check 'JSON names the file' grep -q '"spikes":"all.npz"' "$work/out"
succeeds 'chosen layers of a policy without chance' eval runs/mine --episodes 5 --policy thresholded \
	--spikes some.npz --layers 1,2 --inputs
says 'layer 1: 20 units'
succeeds 'one layer alone' eval runs/mine --episodes 5 --spikes two.npz --layers 2
succeeds 'a network that hears its own firing' train CartPole-v1 --hidden 8 --recurrent --firings 1 \
	--total-timesteps 500 --name loop -q
succeeds '... is recorded with it' eval runs/loop --episodes 3 --spikes loop.npz --inputs
succeeds 'real actions' train Pendulum-v1 --hidden 8 --total-timesteps 400 --name torque -q
succeeds '... are recorded' eval runs/torque --episodes 2 --spikes torque.npz

if [ -n "$python" ]; then
	cat >look.py <<'END'
import json, sys
import numpy as np
w = np.load("w.npz")
W = [w["policy.layer%d.weight" % i].astype(float) for i in (1, 2)] + [w["policy.output.weight"].astype(float)]
b = [w["policy.layer%d.bias" % i].astype(float) for i in (1, 2)] + [w["policy.output.bias"].astype(float)]
sigmoid = lambda a: 1 / (1 + np.exp(-a))

def chance_of_one(logits):
    return sigmoid(logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0])

def fair(what, bits, p, weight=1.0):
    # a sum of independent centred terms: 5 deviations are passed by chance once in 1.7 million
    deviation = np.sqrt((p * (1 - p) * weight ** 2).sum(0))
    z = ((bits - p) * weight).sum(0) / np.maximum(deviation, 1e-9)
    assert np.abs(z).max() < 5, (what, z)

r = np.load("all.npz")
assert sorted(r) == sorted("episode t action reward terminated truncated layer1 layer2 input seed step_seconds".split())
T = len(r["t"])
assert T > 1000 and all(len(r[k]) == T for k in r if k not in ("seed", "step_seconds"))
assert r["layer1"].shape == (T, 20) and r["layer2"].shape == (T, 9) and r["input"].shape == (T, 4)
assert r["layer1"].dtype == np.uint8 and set(np.unique(r["layer1"])) == {0, 1}
assert r["seed"][0] == 7 and r["step_seconds"][0] == 0.02

# episodes in order, each from 0 to its end
starts = np.flatnonzero(r["t"] == 0)
ends = np.append(starts[1:], T) - 1
assert len(starts) == 30 and (r["episode"][starts] == np.arange(30)).all()
assert (np.diff(r["t"].astype(int))[np.diff(r["episode"].astype(int)) == 0] == 1).all()
over = r["terminated"] | r["truncated"]
assert over[ends].all() and over.sum() == 30
assert len(set(np.diff(starts))) > 5
said = json.loads(open("watched.json").read().rstrip().rstrip(",") + "}")
returns = np.bincount(r["episode"], r["reward"])
assert returns.mean() == said["mean"] and returns.max() == said["maximum"] and T == said["steps"]

# each layer fires as the layer below tells it to, and the action follows from the last
h = [r["layer1"].astype(float), r["layer2"].astype(float)]
fair("layer 1", h[0], sigmoid(r["input"] @ W[0] + b[0]))
fair("layer 2", h[1], sigmoid(h[0] @ W[1] + b[1]))
logits = h[1] @ W[2] + b[2]
pi = chance_of_one(logits)
fair("action", r["action"], pi)
fair("action by its cause", r["action"], pi, np.log(pi / (1 - pi)) - np.log(pi / (1 - pi)).mean())

# without chance: the same bits, but where a sum is so near 0 that its order matters
s = np.load("some.npz")
a = s["input"] @ W[0] + b[0]
assert ((s["layer1"] == (a > 0)) | (np.abs(a) < 1e-4)).all()
a = s["layer1"].astype(float) @ W[1] + b[1]
assert ((s["layer2"] == (a > 0)) | (np.abs(a) < 1e-4)).all()
pi = chance_of_one(s["layer2"].astype(float) @ W[2] + b[2])
assert ((s["action"] == (pi > .5)) | (np.abs(pi - .5) < 1e-4)).all()

two = np.load("two.npz")
assert "layer2" in two and "layer1" not in two and "input" not in two

loop = np.load("loop.npz")
x, h, first = loop["input"], loop["layer1"], loop["t"] == 0
assert x.shape[1] == 12
assert (x[first][:, 4:] == 0).all() and (x[1:][~first[1:]][:, 4:] == 2.0 * h[:-1][~first[1:]] - 1).all()

torque = np.load("torque.npz")
assert torque["action"].dtype == np.float32 and torque["action"].shape == (400,)
assert torque["truncated"].sum() == 2 and torque["terminated"].sum() == 0
END
	check 'episodes, returns, firings and actions are those of the evaluation' "$python" look.py
else
	skip 'episodes, returns, firings and actions are those of the evaluation' 'there is no numpy (Debian: python3-numpy)'
fi

refuses 2 '--spikes|.npz' eval runs/mine --spikes spikes.csv
refuses 2 '--layers|--spikes' eval runs/mine --layers 1
refuses 2 '--inputs|--spikes' eval runs/mine --inputs
refuses 2 '--layers|1, 2' eval runs/mine --spikes x.npz --layers 3
refuses 2 '--layers|1, 2' eval runs/mine --spikes x.npz --layers 1,
refuses 2 '--layers|1, 2' eval runs/mine --spikes x.npz --layers ''
refuses 2 'mean-field|sampled or thresholded' eval runs/mine --spikes x.npz --policy mean-field
refuses 1 'no such folder' eval runs/mine --episodes 1 --spikes nowhere/x.npz
bern train CartPole-v1 --units relu --total-timesteps 200 --name relu -q
refuses 2 'fires' eval runs/relu --spikes x.npz
bern train FrozenLake-v1 --agent q-learning --total-timesteps 200 --name table -q
refuses 2 'q-learning' eval runs/table --spikes x.npz
