# Learning curves: what is drawn, what cannot be, and what is said about it.
. "${0%/*}/lib.sh"

# run NAME SEED FIRINGS LAST SLOPE: a run folder whose return_mean is SLOPE * step up to step LAST
run() {
	mkdir -p "runs/$1"
	printf 'env:\n  id: CartPole-v1\ntrain:\n  seed: %s\n  firings: %s\n' "$2" "$3" >"runs/$1/config.yaml"
	printf '{"sessions": [{"exit": "finished", "last_step": %s}]}' "$4" >"runs/$1/meta.json"
	awk -v last="$4" -v slope="$5" 'BEGIN { print "step,time_seconds,return_mean,empty"
		for (s = 0; s <= last; s += 100) printf "%d,%g,%g,\n", s, s / 1000, slope * s }' >"runs/$1/progress.csv"
}
for seed in 1 2 3 4 5; do
	run "a$seed" $seed 1 1000 0.1
	run "b$seed" $seed 16 $((600 + 100 * (seed % 3))) 0.05
done

# a straight line from the lower left corner to the upper right one
bern plot runs/a*
check 'without -o it draws on the terminal' test "$status" -eq 0
sed -n '/^100|/p;/^ *0|/p' "$work/out" >ends
check 'the line ends at the top right' sh -c "sed -n 1p ends | grep -q '|  *  *  *  *  *[^ ]'"
check '... and begins at the bottom left' sh -c "sed -n 2p ends | grep -q '|[^ ]'"
says '1k'
says 'environment steps'
says 'line: IQM over the runs; band: 95% interval by stratified bootstrap, 1000 resamples, seed 1'
says 'smoothed: mean of the rows of the last 5 steps'
says ', 5 runs'
bern plot runs/a* runs/b*
says 'a  firings=1, 5 runs'
says 'b  firings=16, 5 runs'
says 'thin: single runs, where not all of a side have values'
bern plot runs/a* runs/b* --hold --statistic mean --smooth 200 -x seconds
says 'line: mean over the runs'
says 'last 200 seconds; a run that has ended keeps its last value'
bern plot runs/a1
says '1 run, no band'
escape=$(printf '\033')
check 'no colours but on a terminal' sh -c "! grep -q '$escape' '$work/out'"
(FORCE_COLOR=1 && export FORCE_COLOR && bern plot runs/a1 && grep -q "$escape" "$work/out")
check '... or where they are asked for' test $? -eq 0

case " $MODULES " in *" pictures "*)
	succeeds 'an SVG' plot runs/a* runs/b* -o curves.svg
	check '... is one' grep -q '<svg' curves.svg
	# a band for either side, of which one ends early
	check '... with a line and a band of both sides' test "$(grep -c '<path' curves.svg)" -ge 4
	succeeds 'the same again' plot runs/a* runs/b* -o again.svg -q
	check '... to the last byte' cmp -s curves.svg again.svg
	succeeds 'a PNG' plot runs/a* -o curves.png --size 640x360 --title 'A title'
	# width and height are the two numbers after the name of the first chunk
	check '... of that size' test "$(od -An -tu1 -j16 -N8 curves.png | tr -s ' ')" = ' 0 0 2 128 0 0 1 104'
	for seed in 1 2 3 4 5; do
		for side in a b; do
			printf '{"sessions": [{"exit": "finished", "last_step": 9, "result": {"return": %s}}]}' \
				$((seed * ${#side} + seed % 2)) >runs/$side$seed/meta.json
		done
	done
	succeeds 'profiles of two sides' compare runs/a* runs/b* -o profiles.svg -q
	check '... are an SVG' grep -q '<svg' profiles.svg
	check '... with two lines and two bands' test "$(grep -c '<path' profiles.svg)" -ge 4
	refuses 2 'x.gif|.svg' compare runs/a* runs/b* -o x.gif
	refuses 1 'none' compare runs/a* runs/b* -o none/x.png
	refuses 1 'none' plot runs/a1 -o none/x.png
	refuses 2 'x.gif|.svg' plot runs/a1 -o x.gif
	;;
esac

# ---- what cannot be drawn

refuses 2 'which runs' plot
refuses 1 'nothing' plot nothing
refuses 2 'speed|return_mean' plot runs/a1 -y speed
bern plot runs/a1 -y eval.mean
check 'a missing table is a failure' test "$status" -eq 1
check '... that is named' grep -q 'left out: runs/a1 has no eval.csv' "$work/err"
bern plot runs/a1 -y empty
check 'a column without a number is a failure' test "$status" -eq 1
check '... that is said' grep -q 'runs/a1 is left out: its empty holds no number yet' "$work/err"
refuses 2 '-x|minutes|seconds' plot runs/a1 -x minutes
refuses 2 '--statistic|max' plot runs/a1 --statistic max
refuses 2 '--smooth|-1' plot runs/a1 --smooth=-1
refuses 2 '--size|10x10' plot runs/a1 --size 10x10
printf '200,0.2,' >>runs/a2/progress.csv
succeeds 'a torn last row is not read' plot runs/a1 runs/a2 -q
printf 'step,time_seconds,return_mean\n5,1,x\n' >runs/a3/progress.csv
bern plot runs/a1 runs/a3
check 'a broken table is left out' test "$status" -eq 0
check '... and named' grep -q 'left out: .*runs/a3/progress.csv' "$work/err"
printf 'step,time_seconds,return_mean\n5,1,2\n4,2,3\n' >runs/a4/progress.csv
bern plot runs/a4 runs/a1
check 'steps that go back are named' grep -q 'runs/a4/progress.csv: row 2 goes back from 5 to 4' "$work/err"
sed -i 's/CartPole-v1/Acrobot-v1/' runs/a5/config.yaml
refuses 2 'Acrobot-v1' plot runs/a1 runs/a5
for n in 1 2 3 4 5 6 7 8 9; do run "m$n" 1 $((100 + n)) 500 1; done
refuses 2 '9 sides|at most 8' plot runs/m*
finish
