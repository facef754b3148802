# What other programs get of a run: C that compiles, arrays that numpy opens, and refusals that write nothing.
. "${0%/*}/lib.sh"

python=
for candidate in python3 /usr/bin/python3; do
	[ -z "$python" ] && $candidate -c 'import numpy' 2>/dev/null && python=$candidate
done

bern train CartPole-v1 --seed 3 --hidden 20,9 --total-timesteps 4000 --name mine -q
check 'a run is there' test "$status" -eq 0
succeeds 'a policy goes as C' export runs/mine
says 'policy.c'
cat >main.c <<'END'
#include "policy.h"
#include <stdio.h>

int main(void)
{
	const float observation[policy_observation_count] = {0.01f, 0.2f, -0.03f, 0.4f};
	policy_state state;
	int32_t action[policy_action_count];
	int i, ones = 0;
	policy_start(&state, 1, 2);
	for (i = 0; i < 100; i++) {
		policy_act(&state, observation, NULL, action);
		ones += action[0];
	}
	return printf("%d\n", ones) < 0;
}
END
check '... that compiles without a warning' cc -std=c99 -Wall -Wextra -Werror -pedantic -o main main.c policy.c
check '... and runs' sh -c './main >/dev/null'
check '... needs no other library' sh -c '! nm -u main | grep -E "bern|exp|sqrt"'
cp policy.c first.c
bern export runs/mine/best --policy sampled
sed 's/runs.mine.best/R/' first.c >a && sed 's/runs.mine.best/R/' policy.c >b
check 'the same from the checkpoint' cmp -s a b
succeeds 'names are made fit for C' export runs/mine -o 2-poles.c --policy thresholded
check '... and compile' cc -std=c99 -Wall -Wextra -Werror -pedantic -c 2-poles.c
check '... with a prefix' grep -q policy_2_poles_act 2-poles.h

succeeds 'arrays go as NPZ' export runs/mine -o w.npz
succeeds '... and as safetensors' export runs/mine --format safetensors -o w
if [ -n "$python" ]; then
	cat >same.py <<'END'
import json, struct, sys, zipfile
import numpy
npz = numpy.load("w.npz")
assert zipfile.ZipFile("w.npz").testzip() is None
for path in ("w", "runs/mine/best"):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    if path == "w":
        assert header["__metadata__"]["environment"] == "CartPole-v1"
        assert sorted(npz) == sorted(k for k in header if k != "__metadata__")
    for name in npz:
        begin, end = header[name]["data_offsets"]
        assert list(npz[name].shape) == header[name]["shape"] and npz[name].dtype == "<f4"
        assert npz[name].tobytes() == data[8 + size + begin:8 + size + end], name
assert npz["policy.layer2.weight"].shape == (20, 9)
END
	check 'numpy and the checkpoint have the same arrays' "$python" same.py
else
	skip 'numpy and the checkpoint have the same arrays' 'there is no numpy (Debian: python3-numpy)'
fi

# a header that is there stays with its source, whatever fails
mkdir -p taken/policy.c
echo old >taken/policy.h
refuses 1 'policy.c' export runs/mine -o taken/policy.c
check 'a failure leaves the header' test "$(cat taken/policy.h)" = old
rm taken/policy.h
refuses 1 'policy.c' export runs/mine -o taken/policy.c
check '... and no new one' test ! -e taken/policy.h

# whole episodes: what the exported policy does for the observations of an evaluation is what was done there
if [ -n "$python" ]; then
	cat >again.py <<'END'
import ctypes, sys
import numpy as np
library = ctypes.CDLL("./again.so")
r = np.load("again.npz")
state = (ctypes.c_uint64 * 2)()
action = (ctypes.c_int32 * 1)()
x = np.ascontiguousarray(r["input"])
assert len(set(r["action"])) > 1 and r["t"].max() > 3
for i in range(len(x)):
    if r["t"][i] == 0:
        library.policy_start(state, ctypes.c_uint64(11), ctypes.c_uint64(int(r["episode"][i])))
    library.policy_act(state, x[i].ctypes.data_as(ctypes.c_void_p), None, action)
    assert action[0] == r["action"][i], (i, action[0], r["action"][i])
END
	for env in FrozenLake-v1 MinAtar/Breakout-v1; do
		rm -rf runs/again
		bern train $env --seed 2 --total-timesteps 50000 --name again -q --final-episodes 0
		check "$env is trained" test "$status" -eq 0
		for mode in sampled thresholded; do
			bern export runs/again --policy $mode -q
			bern eval runs/again --episodes 20 --seed 11 --policy $mode --spikes again.npz --inputs
			cc -std=c99 -O1 -shared -fPIC -o again.so policy.c
			check "$env, $mode: the exported policy plays the same episodes" "$python" again.py
		done
	done
else
	skip 'the exported policy plays the same episodes' 'there is no numpy (Debian: python3-numpy)'
fi

refuses 2 'which run?|usage: bern export' export
refuses 1 'no run folder or checkpoint' export nowhere
refuses 2 '--output|.npz' export runs/mine -o policy.txt
refuses 2 '--output|.h' export runs/mine --format c -o policy.txt
refuses 2 '--output|quotation' export runs/mine -o 'a"b.c'
refuses 2 '--policy' export runs/mine -o w.npz --policy thresholded
refuses 2 '--format|safetensors' export runs/mine --format onnx
refuses 1 'no such folder' export runs/mine -o nowhere/w.npz
refuses 1 'no such folder' export runs/mine -o nowhere/policy.c
bern train CartPole-v1 --units relu --total-timesteps 200 --name relu -q
refuses 2 'relu units' export runs/relu -o relu.c
bern train FrozenLake-v1 --agent q-learning --total-timesteps 200 --name table -q
refuses 2 'q-learning' export runs/table -o table.c
succeeds 'a table goes as arrays' export runs/table -o table.npz
finish
