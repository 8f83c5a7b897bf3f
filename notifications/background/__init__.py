"""Work that goes on by itself: supervised, put together, tried again ever later."""
