"""Runs one job in a process of its own and prints its peak memory in MB: `python -m tests.bench.replay.memory JOB N`"""

import resource
import sys

from opscore.dead_letters.causes.cause_index import CauseIndex
from opscore.dead_letters.causes.groups import Grouping
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.looking.sweep import Sweep
from tests.bench.replay import loops
from tests.bench.replay.sqs_stand_in import stand_in

LATENCY = 0.001


def replay(messages: int, known: int) -> None:
    """Replay `messages`, with `known` more already replayed by an earlier process of the same run."""
    loops.engine(messages, LATENCY, workers=8, maximum=8, known=known)


def analyse(messages: int) -> None:
    """Group `messages` in one pass; fails when one was visited twice or not at all."""
    with stand_in(messages, latency=LATENCY, shapes=True) as server:
        sqs = loops.lean_client(loops.client(server.endpoint))
        grouping = Grouping(CauseIndex())
        read = Sweep(sqs, describe(sqs, "http://127.0.0.1/1/q"), grouping.add, threads=4).run()
    groups = grouping.result()
    if not read == messages == sum(group.count for group in groups):
        raise AssertionError(f"{read} of {messages} read, in {len(groups)} groups")


def main(job: str, *sizes: str) -> None:
    """Run a job and print its peak resident memory."""
    (replay if job == "replay" else analyse)(*map(int, sizes))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
