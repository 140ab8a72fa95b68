import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from segsweep.store.blobs import Blobs
from segsweep.store.claims import MISSED, Claim, Claims, Observer
from segsweep.store.folder import FolderBlobs
from segsweep.store.process import this_process

PERIOD = 0.05


@pytest.fixture
def claims(blobs: Blobs) -> Iterator[Claims]:
    with Claims(blobs, PERIOD) as found:
        yield found


def test_a_claim_is_taken_once(blobs: Blobs, claims: Claims) -> None:
    with Claims(blobs, PERIOD) as other:
        mine = claims.take("work")
        assert mine == Claim("work", 1)
        assert other.take("work") is None
        assert other.look("work").held
        assert other.take("other work") == Claim("other work", 1)


def test_of_many_one_gets_it(blobs: Blobs) -> None:
    rivals = [Claims(blobs, PERIOD) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        taken = [claim for claim in pool.map(lambda rival: rival.take("work"), rivals) if claim is not None]
    assert taken == [Claim("work", 1)]
    for rival in rivals:
        rival.__exit__()


def test_who_lets_go_says_how_it_ended_and_the_next_gets_a_higher_fence(blobs: Blobs, claims: Claims) -> None:
    first = claims.take("work")
    assert first is not None
    claims.release(first, "interrupted")
    standing = claims.look("work")
    assert (standing.held, standing.outcome, standing.fence) == (False, "interrupted", 1)
    second = claims.take("work")
    assert second == Claim("work", 2)
    assert claims.is_current(second)
    assert not claims.is_current(first)


def test_a_claim_that_is_void_is_taken_over_by_its_fence(blobs: Blobs, claims: Claims) -> None:
    with Claims(blobs, PERIOD) as other:
        mine = claims.take("work")
        assert mine is not None
        assert other.take("work", over=1) == Claim("work", 2)
        assert not claims.is_current(mine)
        # an observation of the first claim gives no right to the second
        assert claims.take("work", over=1) is None


HOLDER = """
import sys, time
from segsweep.store.claims import Claims
from segsweep.store.open import open_blobs
Claims(open_blobs(sys.argv[1]), float(sys.argv[2])).take("work")
print("taken", flush=True)
time.sleep(600)
"""


def test_a_living_holder_is_not_stale_and_a_silent_one_is_after_three_periods(blobs: Blobs, claims: Claims) -> None:
    now = [0.0]
    observer = Observer(claims, PERIOD, lambda: now[0])
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(blobs), str(PERIOD)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        observer.look("work")
        for _ in range(3):
            before = claims.look("work").beat
            while claims.look("work").beat == before:  # until the holder beats
                time.sleep(PERIOD / 5)
            now[0] += 0.9 * MISSED * PERIOD
            assert not observer.is_free("work")
        holder.send_signal(signal.SIGSTOP)
        time.sleep(2 * PERIOD)  # a beat may be on its way
        observer.look("work")
        now[0] += 0.9 * MISSED * PERIOD
        assert not observer.is_free("work")
        assert not observer.stale()
        now[0] += 0.2 * MISSED * PERIOD
        assert observer.is_free("work")
        assert observer.stale() == {"work": 1}
    finally:
        holder.kill()
        holder.communicate()


def test_what_is_still_held_at_the_end_is_let_go(blobs: Blobs, claims: Claims) -> None:
    with Claims(blobs, PERIOD) as holder:
        holder.take("work")
    assert claims.look("work").outcome == "interrupted"
    assert claims.take("work") == Claim("work", 2)


def test_work_that_is_done_is_done_again_only_over_its_fence(blobs: Blobs, claims: Claims) -> None:
    first = claims.take("work")
    assert first is not None
    claims.release(first, "finished")
    assert claims.take("work") is None
    assert claims.take("work", over=1) == Claim("work", 2)


def test_the_names_of_all_claims(claims: Claims) -> None:
    assert claims.names() == frozenset()
    for name in ("one", "one", "two", "sweeps/three"):
        claims.take(name)
    assert claims.names() == {"one", "two", "sweeps/three"}


def test_the_claim_of_a_dead_process_of_this_machine_is_free_at_once(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from segsweep.store.folder import FolderBlobs;"
        "from segsweep.store.claims import Claims;"
        "Claims(FolderBlobs(Path(sys.argv[1]))).take('work'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == -9
    with Claims(FolderBlobs(tmp_path)) as claims:
        assert claims.look("work").fence == 1
        assert not claims.look("work").held
        assert claims.take("work") == Claim("work", 2)


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    me = this_process()
    assert me.pid == os.getpid()
    assert not me.is_gone()
    assert replace(me, started=me.started - 1).is_gone()
    # another machine's process may live whatever lives here
    assert not replace(me, realm="another kernel", started=0).is_gone()
    assert not replace(me, realm="", started=0).is_gone()


def test_a_process_that_nobody_has_waited_for_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    deadline = time.monotonic() + 30
    me = this_process()
    state = ""
    while state != "Z" and time.monotonic() < deadline:
        state = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]
    assert replace(me, pid=child.pid, started=0).is_gone()
    child.wait()
