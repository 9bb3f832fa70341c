"""The command palette: verbs of the trade, each leading to the page where the act is read before it is done."""
