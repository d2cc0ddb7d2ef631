"""What lies ahead: windows, reservations and the ends of what runs, all as blocks of GPUs on nodes."""
