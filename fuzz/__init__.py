"""Looking for inputs that raise what is not documented: `make fuzz`."""
