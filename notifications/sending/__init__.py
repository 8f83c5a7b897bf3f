"""From a call of `notify` to the rows it needs: whom it reaches, what it says, who hears of it."""
