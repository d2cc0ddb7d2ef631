"""Amounts as people read them: durations and sizes, without the digits that nobody needs."""

_SPANS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SIZES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def duration(seconds: int) -> str:
    """The two largest units that there are: `2 h 5 min`, `45 s`."""
    assert seconds >= 0, "a span is not less than nothing"
    parts: list[str] = []
    for unit, name in _SPANS:
        count, seconds = divmod(seconds, unit)
        if count or parts:
            parts.append(f"{count} {name}" if count else "")
    return " ".join(filter(None, parts[:2])) or "0 s"


def size(size_bytes: int) -> str:
    """In the largest binary unit that leaves at least one: `64 GiB`, `1.5 TiB`."""
    for unit, name in _SIZES:
        if size_bytes >= unit:
            return f"{size_bytes / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size_bytes} B"


def cpus_and_memory(cpus: int | None, memory_bytes: int | None) -> str:
    """Both, or the one that is given: `16 CPUs and 64 GiB of memory`."""
    parts = [f"{cpus} CPU{'' if cpus == 1 else 's'}"] if cpus else []
    parts += [f"{size(memory_bytes)} of memory"] if memory_bytes else []
    return " and ".join(parts)
