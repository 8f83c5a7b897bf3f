import os

from hypothesis import settings

# A busy machine may take long for one example; that is no failure. A gate has the same examples
# each time; whoever develops has others each time.
settings.register_profile("notifications", deadline=None, derandomize="SAME_EXAMPLES" in os.environ)
settings.load_profile("notifications")
