# bern draw: every environment as a picture, where the trace with the same flags stands.
. "${0%/*}/lib.sh"

case " $MODULES " in
*" pictures "*) ;;
*)
	refuses 1 'feature `pictures`|README.md' draw CartPole-v1 -o a.png
	finish
	;;
esac

png() { # FILE: "WIDTH x HEIGHT" of a PNG file, from its header
	od -An -tu1 -N24 "$1" | tr -s ' \n' ' ' | awk '{
		if ($1 " " $2 " " $3 " " $4 != "137 80 78 71") exit
		print $19 * 256 + $20 " x " $23 * 256 + $24 }'
}

is_svg() { # FILE
	head -n 1 "$1" | grep -q '^<?xml' && tail -n 1 "$1" | grep -q '</svg>'
}

# ---- every environment

for id in $("$BERN" envs --json | sed 's/.*"id":"\([^"]*\)".*/\1/'); do
	if "$BERN" draw "$id" --steps 3 --scale 0.2 -o one.png >"$work/out" 2>"$work/err" &&
		"$BERN" draw "$id" --steps 3 -o one.svg >>"$work/out" 2>>"$work/err" &&
		[ ! -s "$work/err" ] && is_svg one.svg; then
		size=$(png one.png)
		case $size in
		"96 x "* | *" x 96") ok "$id can be drawn" ;;
		*) not_ok "$id can be drawn" "it has $size pixels" ;;
		esac
	else
		not_ok "$id can be drawn" "$(cat "$work/err")"
	fi
	rm -f one.png one.svg
done

# ---- what is drawn

# the hill is made of pieces side by side: nothing shines through between them, at a size where they end within pixels
if command -v "$PNG_BOX" >/dev/null 2>&1; then
	bern draw MountainCar-v0 --scale 1.037 -o hill.png -q
	check 'a hill has no seams' "$PNG_BOX" has hill.png e4ded2 '400 150 498 345' 19110
	rm -f hill.png
fi

succeeds 'a picture without any option' draw MinAtar/Breakout-v1
check '... has the name of the environment' test -s MinAtar-Breakout-v1.png
says 'MinAtar-Breakout-v1.png: MinAtar/Breakout-v1, seed 0, step 0 of the episode; 480 x 352 pixels'
check '... and nothing else was left' test "$(ls -A | wc -l)" -eq 1
succeeds 'the longer side by scale' draw MinAtar/Breakout-v1 --scale 2 -o a.PNG
check '... is that of the file' test "$(png a.PNG)" = '960 x 703'
rm -f ./*

bern draw CartPole-v1 --seed 5 --steps 12 -o a.png -q
check 'quiet says nothing' test ! -s "$work/out"
bern draw CartPole-v1 --seed 5 --steps 12 -ob.png
check 'the same seed and steps, the same bytes' cmp -s a.png b.png
bern trace CartPole-v1 --seed 5 --steps 12
cut -f 2 "$work/out" >actions
bern draw CartPole-v1 --seed 5 --actions actions -o b.png
check 'the actions of a trace lead to the same picture' cmp -s a.png b.png
bern draw CartPole-v1 --seed 5 --steps 11 -o b.png
check 'a step less is another picture' test ! "$(cksum <a.png)" = "$(cksum <b.png)"
bern draw CartPole-v1 --seed 6 --steps 12 -o b.png
check 'another seed is another picture' test ! "$(cksum <a.png)" = "$(cksum <b.png)"
last=$("$BERN" trace CartPole-v1 --seed 7 --episodes 2 | tail -n 1 | cut -f 1)
succeeds 'where an episode ends' draw CartPole-v1 --seed 7 --episodes 2 -o b.png
says "seed 8, step $last of the episode"
rm -f ./*

# ---- refusals

refuses 2 'x.jpg|.png|.svg' draw CartPole-v1 -o x.jpg
refuses 2 'neither .png nor .svg' draw CartPole-v1 -o png
refuses 2 '-o needs a value' draw CartPole-v1 -o
refuses 1 'nowhere|No such file' draw CartPole-v1 -o nowhere/x.png
mkdir deep.png
refuses 1 'deep.png is a folder' draw CartPole-v1 -o deep.png
rmdir deep.png
: >file
refuses 1 'file is no folder' draw CartPole-v1 -o file/x.png
rm file
if [ "$(id -u)" -ne 0 ]; then
	mkdir closed
	chmod a-w closed
	refuses 1 'closed|may not be written to' draw CartPole-v1 -o closed/x.png
fi
refuses 2 '--scale|0|[0.1, 20]' draw CartPole-v1 --scale 0
refuses 2 '--scale|nan' draw CartPole-v1 --scale nan
refuses 2 '--steps|0' draw CartPole-v1 --steps 0
refuses 2 'which environment?' draw
refuses 2 'did you mean CartPole-v1?' draw CartPol-v1
refuses 2 'one argument too many' draw CartPole-v1 x.png
refuses 1 'examples/Corridor-v0|cannot be drawn|no draw()' draw "$PLUGIN" -o x.png
finish
