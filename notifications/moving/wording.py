"""How the other app words what happened."""

MAX_TEXT = 200
"""Characters of a title, and of the name of an actor or target."""


def title(actor: str, verb: str, action_object: str, target: str) -> str:
    """As theirs shows itself: "ada commented issue 70 on shop"; parts may be empty."""
    about = f"on {target}" if action_object and target else target
    return short(" ".join(word for word in (actor, verb, action_object, about) if word))


def short(text: str) -> str:
    """Cut where it would not fit, and marked so."""
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
