"""What is wrong with a body, as a value that a person can act on."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong. `field` is a path of `fields` or the name of an envelope key; `code` is stable and for
    programs; `zh` and `en` say what is wrong and what to do."""

    field: str
    code: str
    zh: str
    en: str
