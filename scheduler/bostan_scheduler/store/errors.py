"""What a store can fail at beyond what its port names: being opened, and reading back what it holds.

StoreError                  (the port's)
├── CannotOpen              no such place, no such kind of store, a file of something else
│   ├── SchemaTooNew        written by a newer release
│   └── SchemaTooOld        not yet migrated by the leader
├── CannotKeep              a value that no store can hold
└── Damaged                 a stored value that cannot be read
"""

from bostan_scheduler.service.ports import StoreError


class CannotOpen(StoreError):
    """The store cannot be opened."""


class SchemaTooNew(CannotOpen):
    """A newer release has written this store."""


class SchemaTooOld(CannotOpen):
    """This store must be migrated before it is used."""


class CannotKeep(StoreError):
    """A value cannot be written down."""


class Damaged(StoreError):
    """A stored value cannot be read."""
