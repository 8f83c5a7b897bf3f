from hypothesis import settings

# A busy machine may take long for one example; that is no failure.
settings.register_profile("notifications", deadline=None)
settings.load_profile("notifications")
