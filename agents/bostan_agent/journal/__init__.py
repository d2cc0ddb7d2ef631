"""What must reach the centre, kept until it has: records by sequence number, fencing numbers, notes on ranks."""

from bostan_agent.journal.errors import JournalDamaged, JournalError, JournalUnwritable
from bostan_agent.journal.journal import Journal
from bostan_agent.journal.values import Fence, Write

__all__ = ["Fence", "Journal", "JournalDamaged", "JournalError", "JournalUnwritable", "Write"]
