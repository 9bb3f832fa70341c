"""Import of interlocuteurs from a spreadsheet: read apart, judged line by line, confirmed, followed to its end."""
