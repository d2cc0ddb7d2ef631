"""A property of an immutable value, worked out once; without the lock that `functools.cached_property` takes."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class remembered(Generic[Value]):  # noqa: N801 - read as the decorator that it is
    """Keeps what the method gives in the instance, which needs a `__dict__`. Two threads may both work it out."""

    def __init__(self, method: Callable[[Any], Value]) -> None:
        self.method = method
        self.name = method.__name__
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> "remembered[Value]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> "remembered[Value] | Value":
        if instance is None:
            return self
        value = instance.__dict__[self.name] = self.method(instance)
        return value
