"""The only importer of pynvml: start the library, and ask it questions that it may refuse.

A call may be missing (old driver, old wheel), unsupported, failing, or say that its GPU is gone. An `Asker` tries
the newest way first, falls back, turns refusal into `None`, and stops the GPU's reading when the GPU is gone.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import pynvml as api

from bostan_agent.devices.errors import DevicesError, DriverMismatch, DriverMissing, DriverRefused
from bostan_agent.devices.values import Problem, ProblemCode

__all__ = ["Asker", "GpuFailed", "Handle", "api", "code_of", "start"]

Handle = Any
"""NVML's pointer to a GPU. Never equal to another pointer to the same GPU, so nothing is keyed by it."""

T = TypeVar("T")

_REFUSALS = frozenset(
    {
        api.NVML_ERROR_INVALID_ARGUMENT,
        api.NVML_ERROR_NOT_SUPPORTED,
        api.NVML_ERROR_NO_PERMISSION,
        api.NVML_ERROR_NOT_FOUND,
        api.NVML_ERROR_FUNCTION_NOT_FOUND,
        api.NVML_ERROR_NO_DATA,
        api.NVML_ERROR_VGPU_ECC_NOT_SUPPORTED,
        api.NVML_ERROR_ARGUMENT_VERSION_MISMATCH,
        api.NVML_ERROR_DEPRECATED,
    }
)
_GONE = {
    api.NVML_ERROR_GPU_IS_LOST: ProblemCode.GPU_LOST,
    api.NVML_ERROR_GPU_NOT_FOUND: ProblemCode.GPU_LOST,
    api.NVML_ERROR_RESET_REQUIRED: ProblemCode.RESET_REQUIRED,
}


class GpuFailed(Exception):
    """The GPU as a whole is gone: nothing more can be asked of it."""

    def __init__(self, code: ProblemCode, evidence: str) -> None:
        super().__init__(evidence)
        self.code = code
        self.evidence = evidence


def start() -> None:
    """Load the library and attach to the driver, or say why that cannot be."""
    try:
        api.nvmlInit()
    except api.NVMLError as error:
        raise _refusal_to_start(error) from error


def _refusal_to_start(error: Exception) -> DevicesError:
    match getattr(error, "value", None):
        case api.NVML_ERROR_LIBRARY_NOT_FOUND:
            return DriverMissing()
        case api.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
            return DriverMismatch()
        case api.NVML_ERROR_DRIVER_NOT_LOADED:
            return DriverRefused("The NVIDIA kernel module is not loaded. Load it: modprobe nvidia.")
        case api.NVML_ERROR_NO_PERMISSION:
            return DriverRefused("No permission to use the NVIDIA devices. Let this user open /dev/nvidia*.")
        case _:
            return DriverRefused(f"The NVIDIA driver will not start: {error}.")


def code_of(error: Exception) -> ProblemCode:
    """What an error that hides a whole GPU says about it."""
    return _GONE.get(getattr(error, "value", None), ProblemCode.GPU_UNREADABLE)


class Asker:
    """Asks about one GPU and keeps what went wrong on the way in `problems`."""

    def __init__(self, gpu: str) -> None:
        self.gpu = gpu
        self.problems: list[Problem] = []

    def __call__(self, *ways: Callable[[], T]) -> T | None:
        """The first answer of several ways to ask the same, newest first; None where all were refused."""
        failure: Exception | None = None
        for way in ways:
            try:
                return way()
            except (api.NVMLError, api.NVMLLibraryMismatchError, AttributeError, UnicodeDecodeError) as error:
                failure = self._weigh(error) or failure
        if failure is not None:
            self.problems.append(Problem(ProblemCode.CALL_FAILED, self.gpu, str(failure)))
        return None

    @staticmethod
    def _weigh(error: Exception) -> Exception | None:
        """None for a plain refusal, the error for a failure worth telling; raises when the GPU is gone."""
        if isinstance(error, api.NVMLLibraryMismatchError):
            return None
        if isinstance(error, AttributeError):
            if error.obj is not api:
                raise error
            return None
        value = getattr(error, "value", None)
        if value in _GONE:
            raise GpuFailed(_GONE[value], str(error)) from error
        return None if value in _REFUSALS else error
