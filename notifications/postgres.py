"""PostgreSQL: how a connection finds out that the server is gone without a word."""

from typing import Any

CONNECTION_OPTIONS: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 5000,
}
"""For `OPTIONS` of a database: seconds to connect; seconds of silence until the kernel asks, and
between its two questions; milliseconds that what was sent may remain unconfirmed."""
