"""Reads what a run logs by other people's readers and by the rules they have: event files by protoc and a checksum of another's
making, progress.jsonl by json, monitor.csv as Stable-Baselines3 loads it. Usage: read_logs.py BERN PROTO WORK [PROTOC]; prints TAP."""
import csv
import json
import os
import struct
import subprocess
import sys
import tempfile

try:
    from crc32c import crc32c
except ImportError:
    crc32c = None

bern, proto = sys.argv[1], sys.argv[2]
protoc = sys.argv[3] if len(sys.argv) > 3 else None
count = failed = 0


def check(name, good, why=""):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {name}" + (f" # {why}" if why and not good else ""))


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def plain_crc(data):
    """CRC-32C bit by bit, as a polynomial division over reversed bits."""
    register = 0xFFFFFFFF
    for byte in data:
        for bit in range(8):
            top = (register ^ (byte >> bit)) & 1
            register = (register >> 1) ^ (0x82F63B78 if top else 0)
    return register ^ 0xFFFFFFFF


def masked(data):
    crc = (crc32c or plain_crc)(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    with open(path, "rb") as file:
        data = file.read()
    at, found = 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        payload = data[at + 12 : at + 12 + length]
        ends = struct.unpack_from("<I", data, at + 8)[0], struct.unpack_from("<I", data, at + 12 + length)[0]
        assert ends == (masked(data[at : at + 8]), masked(payload)), f"checksum at byte {at}"
        found.append(payload)
        at += 16 + length
    return found


def decode(payload):
    """An event as protoc reads it: {field: text}, histograms as {field: [text]}."""
    text = subprocess.run([protoc, "--decode=Event", "-I" + os.path.dirname(proto), os.path.basename(proto)],
                          input=payload, stdout=subprocess.PIPE, check=True).stdout.decode()
    event = {}
    for line in text.splitlines():
        if ":" in line:
            key, value = line.strip().split(": ", 1)
            event.setdefault(key, []).append(value.strip('"'))
    return event


def events(folder):
    names = sorted(name for name in os.listdir(folder) if name.startswith("events.out.tfevents."))
    return [[decode(payload) for payload in records(os.path.join(folder, name))] for name in names]


def run(*arguments):
    return subprocess.run([bern, *arguments, "-q"], check=True, stdout=subprocess.PIPE)


def rows(folder):
    with open(os.path.join(folder, "progress.csv"), newline="") as file:
        return list(csv.DictReader(file))


assert plain_crc(b"123456789") == 0xE3069283  # RFC 3720, B.4
with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    run("train", "CartPole-v1", "--recipe", "none", "--total-timesteps", "1500", "--hidden", "9,5", "--firings", "3",
        "--log-interval", "250", "--eval-interval", "500", "--final-episodes", "1", "--name", "a", "--log-json",
        "--tensorboard")
    table = rows("runs/a")
    with open("runs/a/progress.jsonl") as file:
        lines = [json.loads(line) for line in file]
    check("progress.jsonl has the rows of progress.csv", len(lines) == len(table) > 3)
    check("with its columns", all(list(line) == list(row) for line, row in zip(lines, table)))
    same = all((line[key] is None and row[key] in ("", "nan")) or (line[key] is not None and float(row[key]) == line[key])
               for line, row in zip(lines, table) for key in line)
    check("and its numbers", same)
    check("layers have columns of their own", all(f"{what}_{layer}" in table[0] for layer in (1, 2)
          for what in ("fire_rate", "dead_fraction", "saturated_fraction")) and "fire_rate_3" not in table[0])
    rates = [(9 * float(row["fire_rate_1"]) + 5 * float(row["fire_rate_2"])) / 14 for row in table]
    check("whose mean is that of all", all(abs(a - float(row["fire_rate"])) < 1e-6 for a, row in zip(rates, table)))
    check("the noise of the gradient is told", any(row["grad_noise"] and float(row["grad_noise"]) > 0 for row in table))

    # what stable_baselines3.common.monitor.load_results does: a line of JSON behind '#', then a table with r, l and t
    with open("runs/a/monitor.csv") as file:
        first = file.readline()
        check("monitor.csv begins with #", first[0] == "#")
        header = json.loads(first[1:])
        check("and JSON that has t_start and env_id", isinstance(header["t_start"], float) and header["env_id"] == "CartPole-v1")
        text = file.read()
        check("its header is r,l,t", text.startswith("r,l,t\n"))
        frame = list(csv.DictReader(text.splitlines()))
    check("its rows are numbers", all(float(row["r"]) == int(row["l"]) and float(row["t"]) >= 0 for row in frame) and frame)
    check("in the order of time", [float(row["t"]) for row in frame] == sorted(float(row["t"]) for row in frame))

    if not protoc:
        skip("event files", "there is no protoc (Debian: protobuf-compiler)")
    else:
        if not crc32c:
            print("# checksums by a division in this script: there is no python3-crc32c")
        (found,) = events("runs/a")
        check("an event file begins with its version", found[0].get("file_version") == ["brain.Event:2"])
        returns = {int(event["step"][0]): float(event["simple_value"][0]) for event in found
                   if event.get("tag") == ["charts/episodic_return"]}
        check("its scalars are those of the table", returns == {int(row["step"]): returns[int(row["step"])] for row in table
              if row["return_mean"]} and all(abs(returns[int(row["step"])] - float(row["return_mean"])) <= 1e-5 *
              abs(float(row["return_mean"])) for row in table if row["return_mean"]))
        tags = {tag for event in found for tag in event.get("tag", [])}
        check("with health by layer", {"neurons/fire_rate_1", "neurons/dead_fraction_2", "neurons/saturated_fraction",
              "grad/noise", "grad/norm", "losses/explained_variance", "eval/return"} <= tags, str(tags))
        sizes = {"fire_rate/layer1": 9, "fire_rate/layer2": 5, "score/layer1": 9, "score/layer2": 5, "weight/layer1": 36,
                 "weight/layer2": 45, "weight/output": 5}
        histograms = [event for event in found if "bucket" in event]
        check("and histograms of rates, h - p and weights", {event["tag"][0] for event in histograms} == set(sizes))

        def sound(event):
            limits, buckets = ([float(x) for x in event[key]] for key in ("bucket_limit", "bucket"))
            low, high = (float(event.get(key, ["0"])[0]) for key in ("min", "max"))
            total = float(event["num"][0])
            return (sum(buckets) == total == sizes[event["tag"][0]] and limits == sorted(limits) and low <= high < limits[-1]
                    and len(limits) == len(buckets) and low * total <= float(event.get("sum", ["0"])[0]) <= high * total + 1e-9)
        check("that count every number", all(sound(event) for event in histograms))
        wall = [float(event["wall_time"][0]) for event in found]
        check("in the order of time", wall == sorted(wall))

        run("resume", "runs/a", "--total-timesteps", "2000")
        two = events("runs/a")
        check("a resumed run begins a new event file", len(two) == 2)
        check("which says where it goes on", [event.get("step") for event in two[1] if event.get("status") == ["1"]] ==
              [[str(int(table[-1]["step"]) + 1)]])
        run("train", "CartPole-v1", "--recipe", "none", "--total-timesteps", "600", "--log-interval", "250", "--name", "b",
            "--tensorboard", "--tags", "sb3", "--eval-interval", "0", "--final-episodes", "0")
        (found,) = events("runs/b")
        tags = {tag for event in found for tag in event.get("tag", [])}
        check("--tags sb3 names as Stable-Baselines3 does", {"rollout/ep_rew_mean", "rollout/ep_len_mean", "time/fps",
              "train/learning_rate", "train/value_loss", "train/explained_variance"} <= tags)
    run("resume", "runs/a", "--total-timesteps", "2500")
    with open("runs/a/progress.jsonl") as file:
        check("progress.jsonl goes on", len(file.readlines()) == len(rows("runs/a")) > len(table))
    # logs alone must not change what is learned
    run("train", "CartPole-v1", "--recipe", "none", "--total-timesteps", "600", "--log-interval", "250", "--name", "b2",
        "--eval-interval", "0", "--final-episodes", "0")
    if protoc:
        drop = {"time_seconds", "steps_per_second"}
        check("event files leave the training alone", [{k: v for k, v in row.items() if k not in drop} for row in rows("runs/b")] ==
              [{k: v for k, v in row.items() if k not in drop} for row in rows("runs/b2")])
    os.chdir("/")
print(f"1..{count}")
sys.exit(failed > 0)
