"""What tests provoke on purpose is nothing to tell whoever runs them."""

import logging


def silence(test, name):
    """Nothing is heard of this logger until the test ends."""
    logger = logging.getLogger(name)
    logger.disabled = True
    test.addCleanup(setattr, logger, "disabled", False)
