#!/bin/sh
# Weights of one run as the start of another, and an answer to SIGUSR1.
. "$(dirname "$0")/lib.sh"

small="--recipe none --hidden 8 --firings 2 --total-timesteps 800 --final-episodes 1 --eval-interval 0 -q"

# shellcheck disable=SC2086
succeeds "a run to start from" train CartPole-v1 $small --name first
# shellcheck disable=SC2086
succeeds "another starts from its weights" train CartPole-v1 $small --seed 2 --learning-rate 0 --name second --init-from runs/first
"$BERN" eval runs/first --seed 3 --episodes 5 | grep '^return' >"$work/a"
"$BERN" eval runs/second --seed 3 --episodes 5 | grep '^return' >"$work/b"
check "that learned nothing since plays alike" cmp -s "$work/a" "$work/b"
# shellcheck disable=SC2086
succeeds "a checkpoint will do" train CartPole-v1 $small --name third --init-from runs/first/latest
check "the configuration says so" grep -q 'init_from: "*runs/first/latest' runs/third/config.yaml
rm -rf runs/first
succeeds "a resumed run does not ask for it again" resume runs/second --total-timesteps 1000 -q
mkdir empty
# shellcheck disable=SC2086
{
	refuses 1 "init_from|there is no run folder or checkpoint runs/none" train CartPole-v1 $small --name x --init-from runs/none
	refuses 1 "init_from|no checkpoint" train CartPole-v1 $small --name x --init-from empty
	refuses 1 "init_from|config.yaml" train CartPole-v1 $small --name x --init-from runs/second/config.yaml
	refuses 2 "init_from|hidden is 8, here it is 9" train CartPole-v1 $small --hidden 9 --name x --init-from runs/second
	refuses 2 "init_from|units is binary, here it is tanh" train CartPole-v1 $small --units tanh --name x --init-from runs/second
	refuses 2 "init_from|agent is reinforce" train CartPole-v1 --agent ase-ace --total-timesteps 100 --name x --init-from runs/second
	refuses 1 "init_from|do not fit|layer1.weight" train FrozenLake-v1 $small --name x --init-from runs/second
}

# long enough to be asked while it learns
"$BERN" train CartPole-v1 --recipe none --hidden 8 --firings 2 --total-timesteps 2000000 --eval-interval 0 \
	--checkpoint-interval 0 --final-episodes 0 --eval-episodes 3 --name asked >"$work/out" 2>"$work/err" &
asked=$!
tries=0
while [ ! -e runs/asked/progress.csv ] && [ $tries -lt 100 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
kill -USR1 $asked
tries=0
while ! grep -q 'asked at step' "$work/err" && [ $tries -lt 200 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
check "SIGUSR1 is answered" grep -q 'train: asked at step [0-9]*: mean return [0-9.]* of 3 episodes; checkpoint runs/asked/checkpoints/step_' "$work/err"
check "by a checkpoint" [ -e runs/asked/latest ]
kill -TERM $asked
wait $asked
check "SIGTERM ends it like Ctrl-C" [ $? -eq 130 ]
check "and says how to go on" grep -q 'interrupted at step' "$work/err"

# the parent of many seeds passes the question on
"$BERN" train CartPole-v1 --recipe none --seeds 2 --stop-looks 0 --total-timesteps 1000000000 --eval-interval 0 --eval-episodes 3 \
	--final-episodes 0 --name many >"$work/out" 2>"$work/err" &
parent=$!
tries=0
while ! { [ -s runs/many/s1/progress.csv ] && [ -s runs/many/s2/progress.csv ]; } && [ $tries -lt 200 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
kill -USR1 $parent
tries=0
while ! { [ -e runs/many/s1/latest ] && [ -e runs/many/s2/latest ]; } && [ $tries -lt 200 ]; do
	sleep 0.05
	tries=$((tries + 1))
done
check "SIGUSR1 to the parent of many seeds is answered by each" test -e runs/many/s1/latest -a -e runs/many/s2/latest
check "... and ends nothing" kill -0 $parent
kill -TERM $parent
wait $parent
check "SIGTERM ends them all" [ $? -eq 130 ]

finish
