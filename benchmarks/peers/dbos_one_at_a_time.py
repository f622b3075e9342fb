"""DBOS's workflows of ten steps, one after another; `milliseconds` says how long each took. See `dbos_ten_steps`."""

from __future__ import annotations

import argparse
import json
import sys
import time

from dbos import DBOS
from dbos_ten_steps import STEPS, configure, ten_steps

REST_SECONDS = 0.03


def milliseconds_of_one() -> float:
    began = time.perf_counter()
    ten_steps()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--workflows", type=int, required=True)
    parser.add_argument("--in-flight", type=int, required=True)
    parser.add_argument("--warm-up", type=int, default=16)
    arguments = parser.parse_args()
    DBOS(config=configure(arguments))
    DBOS.launch()
    for _ in range(arguments.warm_up):
        ten_steps()
    print("ready", flush=True)
    sys.stdin.readline()
    began, found = time.monotonic(), []
    for _ in range(arguments.workflows):
        time.sleep(REST_SECONDS)
        found.append(milliseconds_of_one())
    answer = {"began": began, "ended": time.monotonic(), "steps": STEPS * len(found), "milliseconds": found}
    print(json.dumps(answer), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()
