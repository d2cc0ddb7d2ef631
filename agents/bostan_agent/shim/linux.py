"""The few Linux calls that the standard library does not have."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_CLOCK_BOOTTIME = 7
_TFD_TIMER_ABSTIME = 1
_PR_SET_NAME = 15
_NS = 1_000_000_000
FD_MAX = 1 << 20

# The number is the same on every architecture.
_SYS_CLONE3 = 435
_CLONE_INTO_CGROUP = 0x200000000
_CLONE_ARGUMENTS = 11

_libc = ctypes.CDLL(None, use_errno=True)
# Calls through this one keep the interpreter's lock, as a fork must.
_python = ctypes.PyDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


def become_subreaper() -> None:
    """Make every orphaned descendant a child of this process, whatever sessions it made."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send `signal_number` to this process when its parent dies."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def forbid_new_privileges() -> None:
    """No later exec of this process gains privileges by set-uid files."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def set_name(name: str) -> None:
    """What `ps` shows as the command of this process; at most 15 bytes are kept."""
    _checked(_libc.prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()), 0, 0, 0), "prctl")


def fork_into(cgroup: int) -> int:
    """Fork, the child being born inside the cgroup whose folder is open as `cgroup`.

    Moving a living process into a cgroup waits for all CPUs to pass a quiet point, some 10 ms; a process
    born there does not.

    Raises:
        OSError: the kernel is too old, or a filter forbids the call.
    """
    arguments = (ctypes.c_uint64 * _CLONE_ARGUMENTS)()
    arguments[0], arguments[4], arguments[10] = _CLONE_INTO_CGROUP, signal.SIGCHLD, cgroup
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = int(_python.syscall(_SYS_CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments)))
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    return _checked(pid, "clone3")


def boottime_timer() -> int:
    """A file descriptor that polls readable when the instant set by `arm` has come."""
    return _checked(_libc.timerfd_create(_CLOCK_BOOTTIME, os.O_CLOEXEC | os.O_NONBLOCK), "timerfd_create")


def arm(timer_fd: int, at_boottime_ns: int) -> None:
    """Set the timer; an instant in the past fires at once."""
    at = max(at_boottime_ns, 1)
    spec = _Itimerspec(_Timespec(0, 0), _Timespec(at // _NS, at % _NS))
    _checked(_libc.timerfd_settime(timer_fd, _TFD_TIMER_ABSTIME, ctypes.byref(spec), None), "timerfd_settime")


def _prctl(option: int, value: int) -> None:
    arguments = [ctypes.c_ulong(number) for number in (value, 0, 0, 0)]
    _checked(_libc.prctl(option, *arguments), f"prctl {option}")


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
