# bern lab gates: its table, pictures from files, and what it refuses.
. "${0%/*}/lib.sh"

quick='--shapes 60 --epochs 1 --seeds 1 --experts 8 --gater 3'
succeeds 'lab gates --help' lab gates --help
says 'usage: bern lab gates'
succeeds 'lab gates' lab gates $quick
for kind in reward straight-through sts noisy-rectifier rectifier sigmoid-noise sigmoid none; do
	check "... has a row of $kind" grep -q "^$kind  *[0-9.]* " "$work/out"
done
check '... without blanks at the ends of lines' test "$(grep -c ' $' "$work/out")" -eq 0
succeeds 'two kinds, two seeds' lab gates reward none $quick --seeds 2 --gater 0
check '... and no other' test "$(wc -l <"$work/out")" -eq 5
says '+-'
succeeds 'lines of JSON' lab gates sts $quick --seeds 2 --seed 18446744073709551614 --json
says '"seed":"18446744073709551615"'
cp "$work/out" "$work/first"
bern lab gates sts $quick --seeds 2 --seed 18446744073709551614 --json
check 'the same seeds give the same bits' cmp "$work/out" "$work/first"

# 60 pictures of 2 x 2 points, labels 0 and 1 in turn
{
	printf '\000\000\010\003\000\000\000\074\000\000\000\002\000\000\000\002'
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		printf '\377\000\000\000\000\000\000\377'
	done
} >images
{
	printf '\000\000\010\001\000\000\000\074'
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		printf '\000\001'
	done
} >labels
succeeds 'pictures from files' lab gates none --images images --labels labels --seeds 1 --epochs 30
says '60 pictures of 4 points in 2 classes'
check '... which are told apart' grep -q '^none *0.00 *0.00 ' "$work/out"

head -c 100 images >torn
head -c 67 labels >fewer
printf '\000\000\010\001\000\000\000\002\000\001' >two
refuses 1 'torn|240 bytes' lab gates --images torn --labels labels
refuses 1 'fewer|torn' lab gates --images images --labels fewer
refuses 1 '60 pictures|2 labels' lab gates --images images --labels two
refuses 1 '1 dimensions' lab gates --images labels --labels labels
refuses 1 'nowhere' lab gates --images nowhere --labels labels
refuses 2 'go together|--images' lab gates --images images
refuses 2 'go together|--labels' lab gates --labels labels
for target in 0 1 -0.1 1.5; do
	refuses 2 "--gate-target: $target|between 0 and 1" lab gates --gate-target "$target"
done
refuses 2 'nan' lab gates --gate-target nan
refuses 2 'ten' lab gates --experts ten
refuses 2 '59' lab gates --shapes 59
refuses 2 'rewards|did you mean reward?' lab gates rewards
refuses 2 'no option --zzz' lab gates --zzz
refuses 2 'gate_target|between 0 and 1' train CartPole-v1 --units gated --gate-target 1 --runs-dir .
finish
