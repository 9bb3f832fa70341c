"""Cegid OD for an external PDP: on-boarding by the customer, subscription by the platform; client, simulator."""
