"""A month that is made up: files of channels and upstreams, our own records, and every break that was planted in them."""
