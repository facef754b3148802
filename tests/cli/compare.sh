# Runs beside each other: sides by configuration, figures that can be computed again, what cannot be had.
. "${0%/*}/lib.sh"

# a run folder NAME SEED FIRINGS RETURN SOLVED_STEP LAST_STEP as training leaves it, with made-up results
run() {
	mkdir -p "runs/$1"
	printf 'env:\n  id: %s\ntrain:\n  seed: %s\n  firings: %s\n  stop_looks: 3\n' "${ENVIRONMENT:-CartPole-v1}" "$2" "$3" \
		>"runs/$1/config.yaml"
	printf '{"sessions": [{"exit": "finished", "last_step": %s, "result": {"return": %s, "learning": 1, "solved_step": %s}}]}' \
		"$6" "$4" "$5" >"runs/$1/meta.json"
}

# ten of either side, with ties between them
seed=0
for score in 10 20 30 40 50 60 70 80 90 100; do
	seed=$((seed + 1))
	run "a$seed" $seed 1 $score null 9000
	run "b$seed" $seed 16 $((score + 15 + seed % 2 * 5)) $((seed * 1000)) 9000
done
succeeds 'two sides are told apart by what differs' compare runs/a* runs/b*
says 'firings=1 '
says 'firings=16 '
# the middle half of 10 .. 100, by hand: int(10 / 4) = 2 go on either side
says '10 55 ('
says 'no median: 10 of 10 were not solved within 9,000 steps'
says 'median 5,500 (2,000 to 9,000)'
# pairs that b wins, and half of the ties, counted another way
bern compare runs/a* runs/b* --json
want=$(awk 'BEGIN { for (i = 1; i <= 10; i++) for (k = 1; k <= 10; k++) { b = 10 * k + 15 + k % 2 * 5; a = 10 * i
	u += b > a ? 1 : b == a ? 0.5 : 0 }; printf "%.15g", u / 100 }')
check "the probability of improvement is $want" grep -q "\"better_than_first\":{\"value\":$want[,0]" "$work/out"
check 'JSON is one line' test "$(wc -l <"$work/out")" -eq 1
cp "$work/out" "$work/first"
bern compare runs/a* runs/b* --json
check 'the same again to the last digit' cmp -s "$work/out" "$work/first"
bern compare runs/b* runs/a* --expect-better
check 'no better is status 3' test "$status" -eq 3
check '... with a sentence' grep -q 'not better' "$work/err"
# 10 runs that are better by 200 leave no doubt
for seed in 1 2 3 4 5 6 7 8 9 10; do run "c$seed" $seed 64 $((200 + seed)) $seed 9000; done
succeeds 'better is status 0' compare runs/a* runs/c* --expect-better
bern compare runs/a* runs/c* runs/b* --expect-better
check 'all sides must be better' test "$status" -eq 3

# ---- what cannot be had

succeeds 'single runs' compare runs/a1 runs/b1
says 'no interval: a side has a single run'
bern compare runs/a1 runs/c1 --expect-better
check 'without an interval nothing is better' test "$status" -eq 3
run none 1 2 null null 500
bern compare runs/a1 runs/none
check 'a run without a score is left out' test "$status" -eq 0
check '... which is said' grep -q 'runs/none is left out: it is finished and has no score "return"' "$work/err"
says 'a side has no scores'
rm runs/none/meta.json
bern compare runs/a1 runs/none
check 'without meta.json too' grep -q 'it is unknown' "$work/err"
mkdir -p runs/g
echo '{"members": ["s1", "s2"]}' >runs/g/group.json
run g/s1 1 16 50 100 500
bern compare runs/a1 runs/g
check 'a member that is gone is named' grep -q 'runs/g/s2 is left out: it is not there' "$work/err"
check '... and the rest compared' test "$status" -eq 0
run early 11 16 7 null 2500
bern compare runs/a* runs/b* runs/early
says 'no median: a run ended unsolved at step 2,500, before half were solved'

# ---- misuse

refuses 2 'which runs' compare
refuses 2 'one side only|10 runs differ in nothing but the seed' compare runs/a1 runs/a2 runs/a3 runs/a4 runs/a5 runs/a6 runs/a7 \
	runs/a8 runs/a9 runs/a10
refuses 1 'no run folder nix' compare nix runs/a1
refuses 1 'runs is no run folder, and no group' compare runs runs/a1
ENVIRONMENT=FrozenLake-v1
run lake 1 1 5 null 9
refuses 2 'CartPole-v1|FrozenLake-v1|different environments' compare runs/a1 runs/lake
refuses 2 '--score|retrun' compare runs/a1 runs/b1 --score retrun
echo 'train: {' >runs/lake/config.yaml
refuses 1 'runs/lake/config.yaml' compare runs/a1 runs/lake
finish
