#!/bin/sh
# Threads as a user meets them: the same run with any number, resumed with another one, and numbers that are refused.
. "$(dirname "$0")/lib.sh"

# episodes without their times, looks, and the log without its times
course() { # RUN
	cut -d, -f1,2 "$1/monitor.csv" | sed 1d
	cat "$1/eval.csv"
	cut -d, -f1,2,5- "$1/progress.csv"
}

options="--recipe none --num-envs 40 --firings 4 --eval-interval 4000 --final-episodes 20 --quiet"
for n in 1 2 3 8; do
	# shellcheck disable=SC2086
	succeeds "it trains with $n threads" train CartPole-v1 $options --total-timesteps 12800 --threads "$n" --name "t$n"
	course runs/t$n >"$work/course$n"
	check "$n threads leave the logs of one" cmp "$work/course1" "$work/course$n"
done
check "config.yaml tells how many threads there were" grep -q '^ *threads: 3$' runs/t3/config.yaml

# shellcheck disable=SC2086
succeeds "it stops halfway" train CartPole-v1 $options --total-timesteps 6400 --threads 3 --name half
succeeds "it goes on with another number of threads" resume runs/half --total-timesteps 12800 --threads 1 --quiet
course runs/half >"$work/half"
check "a run resumed with fewer threads has the logs of an unbroken one" cmp "$work/course1" "$work/half"
succeeds "0 is one thread for each processor" train CartPole-v1 --recipe none --num-envs 40 --total-timesteps 640 \
	--threads 0 --final-episodes 0 --quiet --name each

refuses 2 "threads|-1|[0, 1024]" train CartPole-v1 --threads -1
refuses 2 "threads|many" train CartPole-v1 --threads many
refuses 2 "threads|1025|[0, 1024]" resume runs/half --threads 1025
finish
