"""A channel layer that remembers what was published."""

from typing import Any

from ..layers import Batch, InProcessChannelLayer


class RecordingChannelLayer(InProcessChannelLayer):
    """The in-process layer; `published` has each payload with its groups, in order."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.published: list[tuple[bytes, list[str]]] = []

    def publish_hints(self, batch: Batch) -> None:
        self.published.extend((payload, list(groups)) for payload, groups in batch)
        super().publish_hints(batch)
