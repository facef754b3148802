# bern bench: what it prints, and what it refuses. How fast anything is, is not tested.
. "${0%/*}/lib.sh"

row() { # NAME PATTERN: the last output has such a line
	if grep -qE -- "$2" "$work/out"; then ok "$1"; else not_ok "$1" "$(cat "$work/out")"; fi
}

number='[0-9.]+(e[+][0-9]+)?'
succeeds "some environments are measured" \
	bench env CartPole-v1 Blackjack-v1 "$PLUGIN" --seconds 0.001 --repeats 1
row "the machine is" "^one core, [a-z0-9-]+: $number million random numbers a second, $number GB/s copied\$"
row "there is a line of titles" '^environment +scalar +batch +lanes '
row "the empty one stands beside them" "^Empty-v0 +$number +$number +$number +(any|avx2|avx512)\$"
row "a batch is measured" "^CartPole-v1 +$number +$number +$number +(any|avx2|avx512)\$"
row "what has none has a dash" "^Blackjack-v1 +$number +- +$number +\$"
row "a plugin is" "^examples/Corridor-v0 +$number +- +$number +\$"
check "nothing else is" [ "$(wc -l <"$work/out")" -eq 6 ]

succeeds "in JSON" bench env CartPole-v1 --json --seconds 0.001 --repeats 2 --set env.gravity=2
row "with the machine" "^\{\"machine\":\"[a-z0-9-]+\",\"draws\":$number,\"copied_bytes\":$number\}\$"
row "with a batch" "^\{\"id\":\"CartPole-v1\",\"cpu\":\"[a-z0-9]+\",\"scalar\":$number,\"batch\":$number,\"lanes\":$number\}\$"

BERN_CPU=reference
export BERN_CPU
succeeds "BERN_CPU chooses" bench env CartPole-v1 --json --seconds 0.001 --repeats 1
row "the reference takes no batch" '"id":"CartPole-v1","cpu":null,"scalar":[^,]*,"batch":null,"lanes":[0-9]'
unset BERN_CPU

refuses 2 "measure what?|bern bench env" bench
refuses 2 "'cartpole' cannot be measured" bench cartpole
refuses 2 "CartPole-v9" bench env CartPole-v9 --json --seconds 0.001 --repeats 1 --set env.nothing=1
refuses 2 "--seconds|0.001" bench env --seconds 0
refuses 2 "--repeats|1000" bench env --repeats 1001
refuses 2 "--set: of which environment?" bench env --set env.gravity=1

finish
