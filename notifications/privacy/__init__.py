"""What a person may ask for: all that is stored about her, and that it goes."""

from ..store.erasing import Erased
from .erasing import count_of, erase_user, forget_gone_users
from .exporting import export_user

__all__ = ["Erased", "count_of", "erase_user", "export_user", "forget_gone_users"]
