# The laboratory's commands: what they print, their exit status, and what they refuse.
. "${0%/*}/lib.sh"

succeeds 'lab --help' lab --help
says 'one-unit'
succeeds 'lab list' lab list
says 'Williams 1992'
says '2 firings or more'
says 'limit-is-an-end'
succeeds 'lab list --json' lab list --json
says '"name":"firings"'
succeeds 'lab one-unit' lab one-unit
says '0.01562513'
says '1.302667e-07'
says '6.21875e-10'
succeeds 'lab one-unit elsewhere' lab one-unit --p 0.2 --target 0.3 --units 5 --json
says '"units":5'
succeeds 'lab prove of two' lab prove unbiased misprint --max-bits 6 --samples 20000
says '0 failed; 1 of 1 controls found out'
cp "$work/out" "$work/first"
bern lab prove unbiased misprint --max-bits 6 --samples 20000
check 'the same seed proves the same' cmp "$work/out" "$work/first"
succeeds 'lab prove --json' lab prove firings --max-bits 4 --samples 10000 --json
says '"way":"double"'
succeeds 'lab prove --false-alarms' lab prove --false-alarms 100 --alpha 0.01
says 'promised: 1,'

succeeds 'lab variance' lab variance CartPole-v1 --values 1,4 --at 0,100 --plays 20 --csv v.csv --plot v.svg
says 'variance by layer'
check '... four rows of CSV under a head' test "$(wc -l <v.csv)" -eq 5
check '... and a picture with a line for each moment' test "$(grep -c 'stroke-width="2" d="M[0-9.]* [0-9.]*L' v.svg)" -eq 2
for over in width depth horizon; do
	succeeds "lab variance over $over" lab variance CartPole-v1 --over $over --values 2,3 --at 8 --plays 10 --json
	says "\"$over\":3"
done
refuses 2 '--over|breadth|width, depth' lab variance CartPole-v1 --over breadth
refuses 2 '--values|0' lab variance CartPole-v1 --values 0
refuses 2 '--values|whole number' lab variance CartPole-v1 --values 8,,9
refuses 2 '--at|-1' lab variance CartPole-v1 --at=-1
refuses 2 'nothing|allowed: auto' lab variance CartPole-v1 --estimators nothing --plays 10
refuses 2 'ase-ace' lab variance CartPole-v1 --agent ase-ace --plays 10
refuses 2 'which environment?|bern lab variance' lab variance
refuses 1 'nowhere' lab variance CartPole-v1 --values 1 --at 0 --plays 10 --csv nowhere/v.csv -q
# contests of a few short trainings: the same figures whatever the threads
succeeds 'lab race of two' lab race firings --seeds 2 --grid-seeds 1 --budget 8000 --threads 1
says '| firings '
bern lab race firings --seeds 2 --grid-seeds 1 --budget 8000 --threads 1 --json
grep -o '"first":[^]]*' "$work/out" >"$work/first"
bern lab race firings --seeds 2 --grid-seeds 1 --budget 8000 --threads 2 --json
grep -o '"first":[^]]*' "$work/out" >"$work/second"
check 'threads change no step of a race' cmp "$work/first" "$work/second"
check '... in which somebody learned' grep -q '[1-9]' "$work/first"
succeeds 'lab gap' lab gap FrozenLake-v1 --seeds 1 --grid-seeds 1 --budget 6000
says 'binary, K=64'
succeeds 'lab gap with more to choose from' lab gap Catch-v0 --seeds 1 --grid-seeds 1 --budget 3000 \
	--try momentum=0.5 --try learning_rate=0.01,0.02,0.5 --level -1
says 'chosen from 0.01, 0.02, 0.5 by'
says ', momentum 0.5 '
says '1/1'
bern lab gap Taxi-v4 --seeds 1 --grid-seeds 1 --budget 1000
check 'lab gap tells why there is no return' grep -q 'Taxi-v4: .*a larger --budget' "$work/err"
check '... and shows none' grep -q '^| Taxi-v4 .*| - ' "$work/out"
bern lab gap MountainCar-v0 --seeds 1 --grid-seeds 1 --budget 1000
check 'lab gap tells that there is no recipe' grep -q 'MountainCar-v0 has no recipe' "$work/err"
succeeds 'lab scale' lab scale --seeds 1 --budget 1000 --json
says '"hidden":"2048"'
succeeds 'lab scale of some' lab scale 8 8,8,8 --seeds 1 --budget 1000
says '| 8,8,8 '
check '... and of no others' test "$(grep -c '^| [0-9]' "$work/out")" -eq 2

bern lab
check 'bern lab alone is misuse' test "$status" -eq 2
check '... and shows help on stderr' grep -q '^usage: bern lab' "$work/err"
for sub in gap list one-unit prove race scale variance; do
	succeeds "lab $sub --help" lab "$sub" --help
	says "usage: bern lab $sub"
	refuses 2 'no option --zzz' lab "$sub" --zzz
done
refuses 2 'no command prov|did you mean prove?' lab prov
refuses 2 'no option --zzz' lab --zzz
refuses 2 'too many' lab list firings
refuses 2 'too many' lab one-unit 3
refuses 2 'firing|did you mean firings?' lab prove firing
refuses 2 '2^24|1 to 20' lab prove --max-bits 24
refuses 2 '--max-bits|0' lab prove --max-bits 0
refuses 2 '--max-bits|many' lab prove --max-bits many
refuses 2 '--samples' lab prove --samples 10
refuses 2 '--alpha|0.5' lab prove --alpha 0.5
refuses 2 '--alpha|nan' lab prove --alpha nan
refuses 2 '--bias|0' lab prove --bias 0
refuses 2 '--p|1|0.999' lab one-unit --p 1
refuses 2 '--units|1001' lab one-unit --units 1001
refuses 2 '--seed' lab prove --seed -1
refuses 2 'nope|bern lab list' lab race nope
refuses 2 'Nope-v0' lab gap Nope-v0
refuses 2 'hidden: "x"' lab scale x
refuses 2 '--seeds: 0|1, 1000' lab race --seeds 0
refuses 2 '--threads: 65' lab race --threads 65
refuses 2 '--budget: 10' lab gap --budget 10
refuses 2 '--try momentum|KEY=VALUE,VALUE' lab gap --try momentum
refuses 2 'momentum|2' lab gap CartPole-v1 --budget 1000 --seeds 1 --try momentum=2
refuses 2 'momentam' lab gap CartPole-v1 --budget 1000 --seeds 1 --try momentam=0
refuses 2 'more than 8' lab gap --try momentum=0,0,0,0,0,0,0,0,0
refuses 2 '--level|x' lab gap --level x
refuses 2 '--try|recipe' lab scale 8 --try momentum=0
refuses 2 '--try =1|KEY=VALUE' lab race --try =1
finish
