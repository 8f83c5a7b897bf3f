"""The file of a report: whole or not there, and an old one stays until the new one is whole."""

import errno
import os
import secrets
import stat
import sys
import tempfile
from contextlib import suppress
from io import FileIO
from pathlib import Path

from ..exceptions import UnwritableOutput

# The folder takes no other file, or the file is a mount of its own: it can be written all the same.
NOTHING_BESIDE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)
LONGEST_PREFIX = 50  # of a name that may have all the 255 bytes that a file system takes


def require_writable(path: Path) -> None:
    """Raise `UnwritableOutput` if a report could not be written to `path`; leave nothing there."""
    try:
        status = _status(path)
        if status is None:
            tempfile.TemporaryFile(dir=_real(path).parent).close()
        elif stat.S_ISREG(status.st_mode):
            path.open("ab").close()
        elif not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _unwritable(path, error) from None


def write(content: bytes, path: Path) -> None:
    """Write `content` to `path`; raises `UnwritableOutput`, and changes nothing, if that fails.

    What is no file, such as a pipe or `/dev/stdout`, is written to as it is; a symbolic link leads
    to its file, which keeps its mode.
    """
    try:
        status = _status(path)
        if (standard := _standard_stream(status)) is not None:
            _pour(content, os.dup(standard))
        elif status is not None and not stat.S_ISREG(status.st_mode):
            # Without waiting, as a pipe that nobody reads would keep us for ever.
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            os.set_blocking(descriptor, True)
            _pour(content, descriptor)
        else:
            _replace(_real(path), content, status)
    except OSError as error:
        raise _unwritable(path, error) from None


def _status(path: Path) -> os.stat_result | None:
    """What is at `path`, if anything is; raises `OSError` for a folder."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return status


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _standard_stream(status: os.stat_result | None) -> int | None:
    """The descriptor of our own output or errors, if `status` is that of the same file.

    Written beside, as another file, it would take the place of what is printed.
    """
    for descriptor in (1, 2):
        with suppress(OSError):  # a stream that is closed is not the one
            if status is not None and os.path.samestat(os.fstat(descriptor), status):
                for stream in filter(None, (sys.stdout, sys.stderr)):
                    stream.flush()
                return descriptor
    return None


def _replace(path: Path, content: bytes, old: os.stat_result | None) -> None:
    beside = path.with_name(f".{path.name[:LONGEST_PREFIX]}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            if old is not None:
                with suppress(PermissionError):  # only root gives files away
                    os.chown(descriptor, old.st_uid, old.st_gid)
                os.chmod(descriptor, stat.S_IMODE(old.st_mode))
            _pour(content, descriptor)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        if old is None or error.errno not in NOTHING_BESIDE:
            raise
        _overwrite(path, content)


def _overwrite(path: Path, content: bytes) -> None:
    """Write over a file in its place, and put back what was there if that fails."""
    with FileIO(path, "r+") as file:
        before = file.readall()
        try:
            _write_over(file, content)
        except OSError:
            _write_over(file, before)  # into blocks that the file already has
            raise


def _write_over(file: FileIO, content: bytes) -> None:
    file.seek(0)
    _write_all(file, content)
    file.truncate()


def _pour(content: bytes, descriptor: int) -> None:
    """Write all of it to `descriptor`, and close that."""
    with FileIO(descriptor, "w") as file:
        _write_all(file, content)
        with suppress(OSError):  # which a pipe cannot
            os.fsync(descriptor)


def _write_all(file: FileIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _unwritable(path: Path, error: OSError) -> UnwritableOutput:
    return UnwritableOutput(f"The report cannot be written to {path}: {error.strerror}.")
