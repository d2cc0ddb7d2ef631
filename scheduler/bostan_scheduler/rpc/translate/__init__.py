"""Messages of the protocol to values of the core and back: one room per direction and noun."""
