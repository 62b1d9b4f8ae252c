"""Files that only their owner may read, and that nobody else can have put there."""

from __future__ import annotations

import errno
import logging
import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger("tap-billit")

ON_WINDOWS = os.name == "nt"

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)

TRIES, MOMENT = 50, 0.02
"""How often a file is replaced that somebody reads, and the seconds in between."""

LARGEST = 1 << 20
"""Bytes of a document: a hundred times what a store of tokens has."""


def open_folder(folder: Path) -> None:
    """Make the folder, if there is none, for its owner alone.

    Raises:
        PermissionError: everybody could exchange the files in it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """See that nobody else can exchange the files in the folder, if there is one.

    The group may be able to: volumes of containers are often given to a group.

    Raises:
        PermissionError: everybody can.
    """
    mode = folder.stat().st_mode if folder.exists() else 0
    if not ON_WINDOWS and mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise PermissionError(
            errno.EPERM, f"everybody may write in its folder; run `chmod o-w {folder}`"
        )


def create(path: Path) -> Any:
    """A new file, open for writing; whatever was at its path is removed first."""
    path.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINKS
    return os.fdopen(os.open(path, flags, 0o600), "w+b")


def move(file: Any, source: Path, target: Path) -> None:
    """Put the file, which is at `source`, in the place of `target`, and close it; it lasts then."""
    with file:
        flush(file)
        if not os.path.samestat(os.fstat(file.fileno()), source.lstat()):
            raise FileExistsError(errno.EEXIST, f"somebody has exchanged {source}")
    _replace(source, target)
    flush_folder(target.parent)


def _replace(source: Path, target: Path) -> None:
    """Windows replaces no file that another process is reading, which takes that a moment."""
    for _ in range(TRIES - 1 if ON_WINDOWS else 0):
        with suppress(PermissionError):
            source.replace(target)
            return
        time.sleep(MOMENT)
    source.replace(target)


def read(path: Path) -> bytes | None:
    """What is in it; None: there is no file. Others lose the right to read it.

    Raises:
        OSError: it is a device, a pipe or a folder, whose mode is nobody's to change here.
    """
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _NO_WAIT), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is no file")
            _tighten(path, found)
            return file.read(LARGEST)
    except FileNotFoundError:
        return None


def read_own(path: Path) -> bytes | None:
    """What this user has written there himself; None: nothing."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _NO_LINKS), "rb") as file:
            owner = os.fstat(file.fileno()).st_uid
            return file.read() if ON_WINDOWS or owner == os.geteuid() else None
    except OSError:
        return None


def _tighten(path: Path, found: os.stat_result) -> None:
    if ON_WINDOWS or not found.st_mode & 0o077:
        return
    logger.warning(
        "%s could be read by other users (mode %o) until now; if one of them may have done so, log "
        "in again.",
        path,
        stat.S_IMODE(found.st_mode),
    )
    try:
        path.chmod(0o600)
    except OSError as error:
        logger.warning("It stays so: its mode cannot be changed (%s).", error.strerror)


def flush(file: Any) -> None:
    """Have what was written last."""
    file.flush()
    os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Make a rename last. Windows cannot, some network disks will not."""
    if ON_WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)
