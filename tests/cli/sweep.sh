# bern sweep: chooses, reports with other seeds, goes on after any end, and refuses bad spaces before anything runs.
. "${0%/*}/lib.sh"

cat >good.yaml <<'END'
recipe: CartPole-v1
method: halving
measure: steps
configurations: 5
budget: 900
least_budget: 300
seeds: 2
finalists: 2
final_seeds: 3
base: {stop_looks: 1, stop_return: 40, eval_interval: 100, eval_episodes: 5, final_episodes: 0}
space:
  learning_rate: {log_uniform: [0.003, 0.1]}
  firings: {integer: [1, 16]}
  env.gravity: {uniform: [9, 10]}
  optimizer: [adam, sgd]
END
bern sweep good.yaml --check
check 'a good file is good' test "$status" -eq 0
check '... and nothing is made' test ! -e runs
bern sweep good.yaml --out whole --jobs 1
check 'a sweep runs' test "$status" -eq 0
check 'two finalists' test "$(grep -c '^[12] ' "$work/out")" -eq 2
check 'a ranking of all' test "$(wc -l <whole/ranking.csv)" -eq 6
cp "$work/out" "$work/first"

bern sweep good.yaml --out whole --jobs 2
check 'again: the same, from what is there' sh -c 'diff "$1" "$2" >/dev/null' sh "$work/out" "$work/first"
bern sweep good.yaml --out other --jobs 3
check 'the same ranking from three processes' cmp -s whole/ranking.csv other/ranking.csv

# killed at several moments, it goes on to the same ranking
for wait in 0.05 0.1 0.15 0.2; do
	"$BERN" sweep good.yaml --out killed --jobs 2 >"$work/null" 2>&1 &
	pid=$!
	sleep $wait
	kill -9 $pid 2>"$work/null"
	wait $pid 2>"$work/null"
done
made=$(ls killed/trials 2>"$work/null" | wc -l)
printf '{"steps":' >"killed/trials/$(ls whole/trials | head -n 1)"
bern sweep good.yaml --out killed
check "killed four times ($made trainings were made), it ends" test "$status" -eq 0
check '... with the same ranking' cmp -s whole/ranking.csv killed/ranking.csv
check '... and the same best' cmp -s whole/best.yaml killed/best.yaml

# two ranks share the work
for rank in 0 1; do
	OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_SIZE=2 "$BERN" sweep good.yaml --out ranks --jobs 1 >"$work/rank$rank" 2>&1 </dev/null &
	eval "pid$rank=\$!"
done
wait $pid0
zero=$?
wait $pid1
check 'two ranks end well' test $zero/$? = 0/0
check '... with the same ranking' cmp -s whole/ranking.csv ranks/ranking.csv
check '... told by the first alone' test ! -s "$work/rank1"

# what it leaves can be trained on
bern train --config whole/best.yaml --name best --total-timesteps 200 -q
check 'best.yaml is a configuration' test "$status" -eq 0
bern sweep good.yaml --out whole --json
if command -v python3 >"$work/null"; then
	check 'the report is JSON' python3 -c 'import json,sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert [r["rank"] for r in rows] == [1, 2] and all(len(r["settings"]) == 4 for r in rows), rows' "$work/out"
fi

cat >grid.yaml <<'END'
env: SimpleBandit-v0
budget: 200
seeds: 1
finalists: 2
final_seeds: 2
base: {final_episodes: 5}
space: {hidden: ["4", "8"], firings: [1, 2, 4]}
END
bern sweep grid.yaml -q
check 'a grid runs' test "$status" -eq 0
check 'in runs/sweep-grid' test "$(wc -l <runs/sweep-grid/ranking.csv)" -eq 7
sed 's/firings: .*/firings: [1, 8]}/' grid.yaml >changed.yaml
refuses 2 'another sweep|--force' sweep changed.yaml --out runs/sweep-grid
bern sweep changed.yaml --out runs/sweep-grid --force -q
check 'with --force it begins anew' test "$status/$(wc -l <runs/sweep-grid/ranking.csv)" = 0/5

# bad files: refused with their line, and nothing is made
bad() { # WORDS LINES: grid.yaml with its last line replaced
	sed '$d' grid.yaml >bad.yaml
	printf '%b\n' "$2" >>bad.yaml
	refuses 2 "bad.yaml|$1" sweep bad.yaml --out none
}
bad '7|firing|did you mean firings' 'space: {firing: [1, 2]}'
bad '7|hidden' 'space: {hidden: ["4", "x"]}'
bad '7|firings' 'space: {firings: [1, -2]}'
bad '7|empty' 'space: {firings: []}'
bad '7|empty' 'space: {}'
bad '7|twice' 'space: {firings: [1, 1]}'
bad '7|grid' 'space: {learning_rate: {uniform: [0, 1]}}'
bad '8|less than' 'method: random\nspace: {learning_rate: {uniform: [1, 0.5]}}'
bad '8|above 0' 'method: random\nspace: {learning_rate: {log_uniform: [0, 0.5]}}'
bad '8|whole' 'method: random\nspace: {firings: {integer: [1, 2.5]}}'
bad "8|'ten'" 'method: random\nspace: {firings: {integer: [1, ten]}}'
bad '8|two ends' 'method: random\nspace: {firings: {integer: [1, 2, 3]}}'
bad '8|normal' 'method: random\nspace: {firings: {normal: [1, 2]}}'
bad '8|gae_lambda' 'method: random\nspace: {gae_lambda: {uniform: [0.5, 2]}}'
bad '7|env.gravity' 'space: {env.gravity: [1, 2]}'
bad '7|seed' 'space: {seed: [1, 2]}'
bad '7|total_timesteps' 'space: {total_timesteps: [100, 200]}'
bad 'no space' 'finalists: 1'
bad '7|metod|did you mean method' 'metod: grid'
bad '7|method' 'method: bayes\nspace: {firings: [1, 2]}'
bad '7|seeds' 'seeds: 0\nspace: {firings: [1, 2]}'
bad 'stop_looks' 'measure: steps\nspace: {firings: [1, 2]}'
bad 'YAML' 'space: {firings: [1, 2'
bad 'arm' 'space: {estimator: [firings, armm]}'
bad '10000 configurations' "space: {firings: [$(seq -s, 1 60)], value_hidden: [$(seq -s, 1 60)], stack: [1, 2, 3, 4]}"
printf '' >empty.yaml
refuses 2 'empty.yaml|empty' sweep empty.yaml
printf 'space: {firings: [1]}\n' >none.yaml
refuses 2 'none.yaml|env' sweep none.yaml
refuses 2 'which file' sweep
refuses 2 'too many' sweep a.yaml b.yaml
refuses 2 '--jobs' sweep good.yaml --jobs 0
"$BERN" sweep nowhere.yaml >"$work/out" 2>"$work/err"
check 'a missing file is told' grep -q 'nowhere.yaml' "$work/err"
finish
