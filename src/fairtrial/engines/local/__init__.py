"""What engines that run a network in this process share; each adds only what its library needs."""
