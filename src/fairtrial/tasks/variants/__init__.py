"""Tasks made of other tasks: the same items asked in another form."""
