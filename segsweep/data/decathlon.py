"""The Medical Segmentation Decathlon's tasks (Antonelli 2022) from their open bucket."""

import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from segsweep.data.on_disk import OnBytes
from segsweep.errors import DataError

BUCKET = "msd-for-monai"
REGION = "us-west-2"
_ARCHIVE = ".tar"


def fetch_task(task: str, folder: Path, on_bytes: OnBytes) -> Path:
    """Bring one task onto this machine: fetch its archive, unpack it, throw the archive away.

    What an earlier attempt fetched is kept; the task's folder appears when all of it is there.

    Args:
        task: its name, or a part of it that no other task has, in whatever case: `hippocampus`, `Task04`.
        folder: to put the task's folder into.
        on_bytes: called with (bytes there, bytes in all).

    Returns:
        The task's folder, which an `msd:` dataset names.

    Raises:
        DataError: there is no such task, no room for it, or its archive is none.
        StoreError: the bucket cannot be read.
    """
    from segsweep.store.s3_client import s3_client  # noqa: PLC0415 (0.3 s)
    from segsweep.store.s3_download import download, list_objects  # noqa: PLC0415

    client = s3_client(anonymous=True, region=REGION)
    archives = {
        found.key.removesuffix(_ARCHIVE): found
        for found in list_objects(client, BUCKET, "")
        if found.key.endswith(_ARCHIVE)
    }
    name = _chosen(task, sorted(archives))
    target, archive = folder / name, folder / f".{name}{_ARCHIVE}"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    size, done = archives[name].size, 0

    def arrived(count: int) -> None:
        nonlocal done
        done += count
        on_bytes(done, size)

    if not archive.exists():
        if 2 * size > shutil.disk_usage(folder).free:
            raise DataError(f"{folder}: {name} needs {2 * size / 2**30:.1f} GiB free, the archive and what is in it")
        download(client, BUCKET, {archive: archives[name]}, arrived)
    _unpack(archive, target)
    archive.unlink()
    return target


def _chosen(task: str, known: list[str]) -> str:
    if task in known:
        return task
    alike = [name for name in known if task.lower() in name.lower()]
    if len(alike) != 1:
        raise DataError(f"{task}: no task, or several, of this name; known: {', '.join(known)}")
    return alike[0]


def _unpack(archive: Path, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpacking-") as temporary:
        try:
            with tarfile.open(archive) as content:
                if strange := [member.name for member in content if not _lies_inside(member)]:
                    raise tarfile.TarError(f"{strange[0]} is no file or folder inside it")
                # extractall's own filter came with Python 3.11.4; where there is none it warns of nothing either
                content.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
                content.extractall(temporary)
        except (tarfile.TarError, EOFError) as error:
            archive.unlink()
            raise DataError(f"{archive}: cannot be unpacked: {error}") from error
        unpacked = Path(temporary) / target.name
        if not (unpacked / "dataset.json").is_file():
            raise DataError(f"{archive}: holds no {target.name}/dataset.json")
        unpacked.rename(target)


def _lies_inside(member: tarfile.TarInfo) -> bool:
    path = PurePosixPath(member.name)
    return (member.isfile() or member.isdir()) and not path.is_absolute() and ".." not in path.parts
