"""Writes tfevents-golden.bin: events encoded by protoc, with checksums by python3-crc32c. Usage: tfevents-golden.py > FILE."""
import os
import struct
import subprocess
import sys

from crc32c import crc32c

here = os.path.dirname(os.path.abspath(__file__))
NUMBERS = [-1.5, 0.25, 0.5, 0.75, 3.0]


def histogram():
    low, high = min(NUMBERS), max(NUMBERS)
    width, buckets = high - low, [0] * 30
    for x in NUMBERS:
        buckets[min(29, int((x - low) / width * 30))] += 1
    limits = [low + width * i / 30 for i in range(1, 30)] + [3.0000000000000004]
    fields = [("min", low), ("max", high), ("num", 5), ("sum", sum(NUMBERS)), ("sum_squares", sum(x * x for x in NUMBERS))]
    return "".join(f"{k}: {v!r} " for k, v in fields) + "".join(f"bucket_limit: {x!r} " for x in limits) + "".join(
        f"bucket: {x} " for x in buckets)


EVENTS = ['wall_time: 1234.5 file_version: "brain.Event:2"',
          "wall_time: 1234.5 step: 300 session_log { status: 1 }",
          'wall_time: 1234.5 step: 300 summary { value { tag: "charts/x" simple_value: 1.5 } }',
          f'wall_time: 1234.5 step: 5000000000 summary {{ value {{ tag: "h" histo {{ {histogram()} }} }} }}']


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


for text in EVENTS:
    data = subprocess.run(["protoc", "--encode=Event", "-I" + here, "tfevents.proto"], input=text.encode(),
                          stdout=subprocess.PIPE, check=True).stdout
    length = struct.pack("<Q", len(data))
    sys.stdout.buffer.write(length + masked(length) + data + masked(data))
