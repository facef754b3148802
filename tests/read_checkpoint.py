"""Reads what write_checkpoint wrote by the description of the safetensors format alone, and compares every number.

Usage: read_checkpoint.py PROGRAM
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

FORMATS = {"U8": "B", "I32": "i", "U32": "I", "I64": "q", "U64": "Q", "F32": "f", "F64": "d"}
EXPECTED = {
    "u8": ([3], [0, 1, 255]),
    "i32": ([1, 2], [-(2**31), 2**31 - 1]),
    "u32": ([1], [2**32 - 1]),
    "i64": ([1, 1], [-(2**63)]),
    "u64": ([2, 2], [2**64 - 1, 2**53 + 1, 0, 42]),
    "f32": ([2, 3], [1.5, -0.25, 2.0**-149, 3.0, 4.0, 5.0]),
    "f64": ([2], [0.1, 5e-324]),
}


def check(true, what):
    if not true:
        sys.exit(f"read_checkpoint.py: {what}")


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "a.safetensors")
    subprocess.run([sys.argv[1], path], check=True)
    with open(path, "rb") as file:
        content = file.read()

(size,) = struct.unpack_from("<Q", content)
text = content[8 : 8 + size]
data = content[8 + size :]
check(text[:1] == b"{", "the header does not begin with a brace")
check(size % 8 == 0, "the data do not begin on a multiple of 8")
header = json.loads(text.decode("utf-8"))
metadata = header.pop("__metadata__")
check(metadata == {"seed": str(2**64 - 1), "config": 'env:\n  id: "caf\u00e9"\n'}, f"metadata {metadata}")
check(set(header) == set(EXPECTED), f"arrays {sorted(header)}")

covered = 0
for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    begin, end = entry["data_offsets"]
    letter = FORMATS[entry["dtype"]]
    check(begin == covered, f"{name} leaves a gap")
    check(begin % struct.calcsize("<" + letter) == 0, f"{name} is not aligned")
    count = (end - begin) // struct.calcsize("<" + letter)
    numbers = list(struct.unpack(f"<{count}{letter}", data[begin:end]))
    check(entry["dtype"].lower() == name, f"{name} is {entry['dtype']}")
    check((entry["shape"], numbers) == EXPECTED[name], f"{name} is {entry['shape']} {numbers}")
    covered = end
check(covered == len(data), "bytes follow the last array")
