#!/bin/sh
# Makes the README's picture from a real training: runs/gallery/make.sh BERN. Needs script(1) and python3.
set -e
bern=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir -p "$work/build"
ln -s "$bern" "$work/build/bern"
cd "$work"
LC_ALL=C.UTF-8 script -qec "build/bern train CartPole-v1 --seed 1" /dev/null >typescript
python3 "$here/terminal_svg.py" "build/bern train CartPole-v1 --seed 1" <typescript >"$here/train.svg"
