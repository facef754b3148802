"""Draws what a terminal showed (standard input) as an SVG: colours dropped, of a redrawn line the last state that says most.

usage: terminal_svg.py COMMAND < typescript > picture.svg
"""
import re
import sys
from xml.sax.saxutils import escape

WIDTH, SIZE, LEADING, MARGIN = 104, 14, 20, 16


def screen(text):
    """The lines that stay, and of each redrawn line its longest state."""
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    for line in text.replace("\r\n", "\n").split("\n"):
        states = [state.rstrip() for state in line.split("\r")]
        best = max(states, key=len)
        if best and best != states[-1] and states[-1]:
            yield best
            yield states[-1]
        elif best:
            yield best


def wrap(line):
    while len(line) > WIDTH:
        cut = line.rfind(" ", 0, WIDTH)
        cut = cut if cut > WIDTH // 2 else WIDTH
        yield line[:cut]
        line = " " * 18 + line[cut:].lstrip()
    yield line


def main():
    lines = ["$ " + sys.argv[1]]
    for line in screen(sys.stdin.read()):
        lines.extend(wrap(line))
    width = int(2 * MARGIN + WIDTH * SIZE * 0.602)
    height = 2 * MARGIN + LEADING * len(lines)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
          f'width="{width}" height="{height}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
          f'font-size="{SIZE}">')
    print(f'<rect width="{width}" height="{height}" rx="8" fill="#101820"/>')
    for i, line in enumerate(lines):
        y = MARGIN + LEADING * i + SIZE
        colour = "#e69f00" if i == 0 or line.startswith(("solved", "return ")) else "#d8dee6"
        if "/s  " in line:
            colour = "#56b4e9"
        print(f'<text x="{MARGIN}" y="{y}" fill="{colour}" xml:space="preserve">{escape(line)}</text>')
    print("</svg>")


main()
