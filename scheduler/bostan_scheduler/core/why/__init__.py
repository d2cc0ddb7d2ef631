"""Why a job waits: worked out when somebody asks, from the same desk that plans are drawn up on."""
