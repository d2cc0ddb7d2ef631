"""The wire protocol between park agents and the centre: generated stubs, committed."""
