# bern runs: lists what is there, names what is broken, and removes no checkpoint that is to be kept.
. "${0%/*}/lib.sh"

refuses 1 'no folder runs' runs
train() { # NAME ARGUMENT...
	name=$1
	shift
	bern train CartPole-v1 --name "$name" -q --total-timesteps 600 --final-episodes 2 --eval-episodes 2 "$@"
	check "$name is trained" test "$status" -eq 0
}
train one --checkpoint-interval 100 --keep-checkpoints 0 --set env.gravity=9
train two --seed 18446744073709551615 --hidden 16
bern train FrozenLake-v1 --name three -q --total-timesteps 64 --final-episodes 0 --eval-interval 0
check 'three is trained' test "$status" -eq 0

succeeds 'runs are listed' runs
for name in one two three 18446744073709551615 FrozenLake-v1 finished; do says "$name"; done
check 'a row each and a head' test "$(wc -l <"$work/out")" -eq 4
rows() { # COUNT ARGUMENT...
	want=$1
	shift
	bern runs --json "$@"
	check "runs $*: $want rows" test "$status/$(wc -l <"$work/out")" = "0/$want"
}
rows 3
rows 2 --env CartPole
rows 0 --env Taxi
rows 3 --status finished
rows 0 --status failed
rows 3 --since 1h
rows 3 --since 2020-01-01
rows 0 --since 2099-01-01T00:00:00Z
if command -v python3 >"$work/null"; then
	bern runs --json
	check 'the rows are JSON' python3 -c 'import json,sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert sorted(r["path"] for r in rows) == ["runs/one", "runs/three", "runs/two"], rows
assert {r["path"]: r["seed"] for r in rows}["runs/two"] == "18446744073709551615"
assert all(r["steps"] >= 64 and r["status"] == "finished" for r in rows)' "$work/out"
fi

succeeds 'a run is shown' runs show runs/one
says 'env.gravity'
says 'checkpoint_interval      100'
succeeds 'two runs are compared' runs diff runs/one runs/two
check 'the difference of a parameter' grep -q '^env.gravity  *9  *9.8$' "$work/out"
check 'the difference of an option' grep -q '^train.hidden  *64  *16$' "$work/out"
check 'what is alike is left out' sh -c '! grep -q "train.gamma " "$1"' sh "$work/out"
succeeds 'a run differs not from itself' runs diff runs/one runs/one
check '... in no row' test "$(wc -l <"$work/out")" -eq 1

# groups
bern train CartPole-v1 --seeds 3,5 --name pair -q --total-timesteps 300 --final-episodes 2 --eval-episodes 2
check 'a group is trained' test "$status" -eq 0
rows 5
rows 2 --status finished --env CartPole-v1 --runs-dir runs/pair
succeeds 'a group is shown' runs show runs/pair
check '... run by run' test "$(grep -c '^run  *runs/pair/s[35]$' "$work/out")" -eq 2
succeeds 'two of its runs are compared' runs diff runs/pair/s3 runs/pair/s5
check '... by their seeds' grep -q '^train.seed  *3  *5$' "$work/out"
refuses 2 'runs/pair is a group|bern compare' runs diff runs/pair/s3 runs/pair
before=$(find runs/pair -name 'step_*' | wc -l)
succeeds 'checkpoints of a group are pruned' runs prune runs/pair --keep latest --yes
check '... one of each run stays' test "$(find runs/pair -name 'step_*' | wc -l)" -eq 2 -a "$before" -ge 2
rm -r runs/pair

# what is broken is named, and the others are listed
mkdir -p runs/torn runs/empty runs/half runs/bytes
echo '{' >runs/torn/meta.json
cp runs/one/config.yaml runs/half/
head -c 300 runs/one/config.yaml >runs/bytes/config.yaml
head -c 100 /dev/urandom >>runs/bytes/config.yaml
ln -s nowhere runs/dangling
bern runs
check 'broken ones do not stop the list' test "$status" -eq 0
check '... the whole ones are there' test "$(grep -c '^runs/\(one\|two\|three\|half\) ' "$work/out")" -eq 4
check '... torn and bytes are named' test "$(grep -c '^bern: runs: .*runs/\(torn\|bytes\)' "$work/err")" -eq 2
check '... the empty folder is not' sh -c '! grep -q runs/empty "$1"' sh "$work/err"
refuses 1 'runs/torn' runs show runs/torn
refuses 1 'runs/empty' runs show runs/empty
rm -r runs/torn runs/empty runs/half runs/bytes runs/dangling

# a run cut at any byte of its files is told or read, never a crash
broke=0
for file in config.yaml meta.json; do
	cp "runs/two/$file" "$work/whole"
	size=$(wc -c <"$work/whole")
	at=0
	while [ $at -lt "$size" ]; do
		head -c $at "$work/whole" >"runs/two/$file"
		bern runs
		[ "$status" -eq 0 ] || broke=$((broke + 1))
		at=$((at + size / 20 + 1))
	done
	cp "$work/whole" "runs/two/$file"
done
check 'no cut file breaks the list' test $broke -eq 0

# checkpoints
before=$(ls runs/one/checkpoints | wc -l)
check 'there are several checkpoints' test "$before" -ge 6
refuses 2 'nobody to ask|--yes' runs prune runs/one
succeeds 'they are removed' runs prune runs --yes
after=$(ls runs/one/checkpoints | wc -l)
check 'but two at most' test "$after" -le 2
for link in latest best; do check "$link is left" test -s "runs/one/$link"; done
bern resume runs/one --total-timesteps 700 -q
check 'the run can be resumed' test "$status" -eq 0
succeeds 'a number keeps the newest' runs prune runs/two --keep best,latest,3 -y
succeeds 'the best alone' runs prune runs/one --keep best --yes
check 'one checkpoint' test "$(ls runs/one/checkpoints | wc -l)" -eq 1
check 'no dangling link' test -s runs/one/best -a ! -L runs/one/latest
bern eval runs/one --episodes 2
check 'it can be evaluated' test "$status" -eq 0

refuses 2 'yesterday|7d' runs --since yesterday
refuses 2 '2026-13' runs --since 2026-13-01
refuses 2 'good|solved' runs --status good
refuses 2 'worst|latest' runs prune runs/one --keep worst
refuses 2 "''|latest" runs prune runs/one --keep ''
refuses 2 'diff: which runs' runs diff runs/one
refuses 2 'too many' runs show runs/one runs/two
refuses 2 'lst|--runs-dir' runs lst
refuses 2 '--keep' runs show runs/one --keep best
refuses 2 '--since' runs diff runs/one runs/two --since 1d
refuses 1 'nowhere' runs show nowhere
refuses 1 'nowhere' runs diff runs/one nowhere
finish
