"""Structured logs: one JSON object a line, to stderr or to a file that is cut off at a size."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

FILE_BYTES_MAX = 20 * 2**20
FILES_KEPT = 3


def log_to_stderr() -> None:
    """Log for a person when a person looks on, else as JSON."""
    tty = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if tty else structlog.processors.JSONRenderer()
    _configure(renderer, logging.StreamHandler(sys.stderr))


def log_to_file(path: Path) -> None:
    """Log as JSON into a file of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _configure(
        structlog.processors.JSONRenderer(),
        RotatingFileHandler(path, maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT),
    )


def _configure(renderer: structlog.types.Processor, handler: logging.Handler) -> None:
    handler.setFormatter(logging.Formatter("%(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("uvicorn.access", "alembic", "grpc"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
