"""The one way a remote effect travels: a row first, then a claim, a call, a settled end. See docs/operations.md."""
