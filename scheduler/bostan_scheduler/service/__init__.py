"""The one writer: requests in, committed changes and an outbox out."""
