"""What this room refuses, and why: the text of each is written for the person who asked."""


class Refused(Exception):
    """The change breaks a rule. Nothing was changed."""


class LastAdministrator(Refused):
    """An organization without an administrator could never be mended."""

    def __init__(self) -> None:
        super().__init__("The last administrator keeps this role. Make somebody else administrator first.")


class AlreadyMember(Refused):
    """The person belongs to the organization already."""

    def __init__(self, email: str) -> None:
        super().__init__(f"{email} is a member already.")


class EnvironmentInUse(Refused):
    """An environment still holds things, which would go with it."""

    def __init__(self, contents: list[str]) -> None:
        super().__init__(f"It still holds {', '.join(contents)}. Remove these first.")


class LastEnvironment(Refused):
    """An organization needs a place to work in."""

    def __init__(self) -> None:
        super().__init__("The last environment stays: everything happens in one.")


class ShortNameTaken(Refused):
    """Addresses say which organization is meant."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"Another organization has the short name {slug}.")
