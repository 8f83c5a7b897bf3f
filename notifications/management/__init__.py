"""Commands, where Django looks for them."""
