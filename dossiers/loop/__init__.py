"""Cegid Loop: client, errors, wire schemas, simulator, kinds of operation."""
