"""The project that both apps are developed and measured in."""
