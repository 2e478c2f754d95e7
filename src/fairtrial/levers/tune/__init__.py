"""What a model learns on the device: adapters, how they are made, and how they become whole weights."""
