"""Opens a month: writes down which reports it owes and asks for each of them."""
