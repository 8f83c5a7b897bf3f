"""Requests of a real page that get no answer, or a late one."""

SOON_GIVEN_UP = """
  const limit = AbortSignal.timeout;
  AbortSignal.timeout = (ms) => limit.call(AbortSignal, ms / 20);
"""

SOON_AGAIN = """
  const wait = window.setTimeout;
  window.setTimeout = (call, ms, ...more) => wait(call, ms === 10_000 ? 1000 : ms, ...more);
"""
"""10,000 is until what could not be loaded is asked for again."""


class Silence:
    """No request gets an answer, until it is over for those that follow."""

    def __init__(self, target, pattern):
        self.routes, self.over = [], False
        target.route(pattern, self._take)

    def _take(self, route):
        if self.over:
            route.fallback()
        else:
            self.routes.append(route)


class Late:
    """Requests are answered by what the server said at once, but later."""

    def __init__(self, target, pattern):
        self.answers, self.arrived = [], False
        target.route(pattern, self._take)

    def _take(self, route):
        if self.arrived:
            route.fallback()
        else:
            self.answers.append((route, route.fetch()))

    def arrive(self):
        self.arrived = True
        for route, response in self.answers:
            route.fulfill(response=response)
