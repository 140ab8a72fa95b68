"""What is handed over to a distant cluster, before it is."""

import sys
from pathlib import Path

import pytest
from grids import tiny_sweep

from segsweep.cli import main
from segsweep.errors import InputError
from segsweep.orchestration.addresses import is_distant
from segsweep.orchestration.jobs import submit_launch

NOWHERE = "http://127.0.0.1:9"
"""The port that discards; nothing answers there."""


@pytest.mark.parametrize(
    ("address", "distant"),
    [("http://head:8265", True), ("https://head", True), ("head:6379", False), ("auto", False), (None, False)],
)
def test_the_jobs_api_is_told_from_ray_itself(address: str | None, distant: bool) -> None:
    assert is_distant(address) is distant


def test_a_bad_grid_is_not_handed_over(tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(tiny_sweep(trian={}))
    with pytest.raises(InputError, match="trian: unknown key"):
        submit_launch(tmp_path / "grid.yaml", NOWHERE, [])


def test_a_cluster_that_does_not_answer_is_one_line(grid_file: Path) -> None:
    with pytest.raises(InputError, match=r"^http://127\.0\.0\.1:9: "):
        submit_launch(grid_file, NOWHERE, [])


def test_where_it_tracks_is_the_clusters_own_affair(
    grid_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["segsweep", "launch", str(grid_file), "--address", NOWHERE, "--tracking", "http://here:5000"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "the cluster itself says where it tracks and stores" in capsys.readouterr().err
