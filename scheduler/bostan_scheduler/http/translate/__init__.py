"""Between the core's values and the models of the contract. Nothing is read or asked here."""
