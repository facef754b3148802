#!/bin/sh
# Makes the pictures of this page from real trainings: runs/gallery/make.sh BERN [PICTURE...]. Needs script(1) and python3 for
# train.svg, and a Bern with pictures. Without a PICTURE all are made but width.svg and depth.svg, which take half an hour.
set -e
bern=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$work/build"
ln -s "$bern" "$work/build/bern"
cd "$work"
shift
[ $# -gt 0 ] || set -- train.svg cartpole.gif curves.svg profile.svg saturated.svg variance.svg breakout.png

sides() { # trains what curves.svg and profile.svg show, once
	[ ! -d runs/one ] || return 0
	for side in 'one --firings 1' 'four --firings 4' 'sixteen --firings 16' 'relu --units relu --firings 1'; do
		# shellcheck disable=SC2086 # the words are the arguments
		set -- $side
		name=$1
		shift
		build/bern train CartPole-v1 --seeds 1..10 --total-timesteps 20000 --stop-looks 0 --name "$name" -q "$@"
	done
}

for picture; do
	case $picture in
	train.svg)
		LC_ALL=C.UTF-8 script -qec "build/bern train CartPole-v1 --seed 1" /dev/null >typescript
		python3 "$here/terminal_svg.py" "build/bern train CartPole-v1 --seed 1" <typescript >train.svg
		;;
	cartpole.gif)
		build/bern train CartPole-v1 --seed 7 --name watched -q
		build/bern watch runs/watched --record cartpole.gif --speed 2 --fps 8 --size 840x472 -q
		;;
	curves.svg)
		sides
		build/bern plot runs/one runs/four runs/sixteen runs/relu -y eval.mean -o curves.svg
		;;
	profile.svg)
		sides
		build/bern compare runs/one runs/four runs/sixteen runs/relu --score learning -o profile.svg
		;;
	saturated.svg)
		build/bern train CartPole-v1 --seeds 1..10 --hidden 64,32 --stop-looks 0 --total-timesteps 20000 --name deep -q
		build/bern plot runs/deep -y saturated_fraction -o saturated.svg
		;;
	variance.svg)
		build/bern lab variance CartPole-v1 --over firings --plays 2000 --plot variance.svg
		;;
	breakout.png)
		build/bern train MinAtar/Breakout-v1 --seed 1 --total-timesteps 400000 --name breakout -q
		mkdir frames
		build/bern watch runs/breakout --record frames/%05d.png --size 1280x720 -q
		cp frames/00060.png breakout.png
		;;
	width.svg)
		build/bern lab scale 8 16 32 64 128 256 512 1024 2048 --plot-width width.svg
		;;
	depth.svg)
		build/bern lab scale 64 64,64 64,64,64 64,64,64,64 64,64,64,64,64,64 64,64,64,64,64,64,64,64 --plot-depth depth.svg
		;;
	*)
		echo "make.sh: there is no picture $picture" >&2
		exit 2
		;;
	esac
	cp "$picture" "$here/$picture"
done
