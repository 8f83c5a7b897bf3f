"""What travels outside of this process is bound to the site's key.

Brokers are shared: Redis pub/sub knows neither databases nor sites, and every site has the same
prefix until somebody sets another. So the names of groups cannot be guessed without the key, and
content that another key has sealed is refused before anything is decoded. Sealed is not encrypted.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from hmac import compare_digest

NAME_BYTES = 16
MAC_BYTES = 16
ID_BYTES = 8


class Seal:
    """One secret key of the site; `id` names it without telling it."""

    def __init__(self, secret: str | bytes) -> None:
        secret = secret.encode() if isinstance(secret, str) else secret
        key = blake2b(secret, digest_size=32, person=b"notify.hints.1").digest()
        self.id = blake2b(key=key, digest_size=ID_BYTES, person=b"id").digest()
        # Copied for each use, which takes a third of the time of a new one.
        self._names = blake2b(key=key, digest_size=NAME_BYTES, person=b"name")
        self._contents = blake2b(key=key, digest_size=MAC_BYTES, person=b"content")

    def name(self, group: str) -> str:
        """A group's name for the outside: 32 characters that any layer takes."""
        digest = self._names.copy()
        digest.update(group.encode())
        return digest.hexdigest()

    def close(self, content: bytes, groups: Iterable[str]) -> Iterator[tuple[bytes, list[str]]]:
        """`content` sealed for each group, which the seal binds it to, with the group's name."""
        common = self._contents.copy()
        common.update(content)
        for group in groups:
            name = self.name(group)
            mac = common.copy()
            mac.update(name.encode())
            yield mac.digest() + content, [name]

    def open(self, sealed: bytes, name: str) -> bytes | None:
        """The content, if it was sealed with this key and for the group of this name."""
        content = sealed[MAC_BYTES:]
        mac = self._contents.copy()
        mac.update(content)
        mac.update(name.encode())
        return content if compare_digest(mac.digest(), sealed[:MAC_BYTES]) else None
