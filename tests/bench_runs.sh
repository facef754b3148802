# What results cost: logging while training, and bern compare and plot over 100 runs of 10,000 rows. Medians, turn by turn; status 1
# if one is above its limit. Wants a quiet machine.
#
# usage: bench_runs.sh BERN
set -e
bern=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/bern-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0

timed() { # NAME COMMAND...: adds the seconds to the file NAME
	name=$1
	shift
	begin=$(date +%s%N)
	"$@" >/dev/null
	end=$(date +%s%N)
	echo $(((end - begin) / 1000)) | awk '{ printf "%.6f\n", $1 / 1e6 }' >>"$name"
}

median() { # NAME
	sort -g "$1" | awk '{ x[NR] = $1 } END { print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'
}

judge() { # WHAT VALUE LIMIT UNIT
	late=$(echo "$2 $3" | awk '{ print ($1 <= $2) ? "" : "   TOO SLOW" }')
	[ -z "$late" ] || status=1
	printf '%-60s %8s %s   at most %s%s\n' "$1" "$2" "$4" "$3" "$late"
}

train() { # NAME FLAG...
	name=$1
	shift
	timed "$name" "$bern" train CartPole-v1 --total-timesteps 2000000 --stop-looks 0 --eval-interval 0 --final-episodes 0 \
		--runs-dir logs --name run -q "$@"
	rm -r logs
}

for turn in 1 2 3 4 5 6 7 8 9; do
	train none --log-interval 1000000000
	train default
	train all --log-json --tensorboard
done
none=$(median none)
percent() { # NAME
	echo "$(median "$1") $none" | awk '{ printf "%.2f", 100 * ($1 / $2 - 1) }'
}
echo "2,000,000 steps of CartPole-v1 with a row of progress.csv at the end: $none s"
judge 'a row each 1,000 steps (the default): slower by' "$(percent default)" 2 %
judge '... with JSON lines and a TensorBoard file: slower by' "$(percent all)" 5 %

for gamma in 0.98 0.99; do
	"$bern" train CartPole-v1 --seeds 1..50 --gamma $gamma --total-timesteps 80000 --log-interval 8 --stop-looks 0 \
		--eval-interval 0 --final-episodes 10 --name many-$gamma -q >/dev/null
done
rows=$(cat runs/many-*/s*/progress.csv | wc -l)
[ "$rows" -ge 1000000 ] || { echo "bench_runs: $rows rows in place of 1,000,000" >&2; exit 2; }
for turn in 1 2 3 4 5; do
	timed compare "$bern" compare runs/many-0.98 runs/many-0.99 -q
	timed plot "$bern" plot runs/many-0.98 runs/many-0.99 -o curves.svg -q
	timed terminal "$bern" plot runs/many-0.98 runs/many-0.99 --terminal -q
done
judge 'bern compare of 100 runs of 10,000 rows' "$(median compare)" 1 s
judge 'bern plot of them, as SVG' "$(median plot)" 1 s
judge 'bern plot of them, on the terminal' "$(median terminal)" 1 s
exit $status
