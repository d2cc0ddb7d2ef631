"""How each kind of fact is read from NVML. Runs only inside the child process that `child` is."""
