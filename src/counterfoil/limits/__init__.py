"""What a call may take: groups, keys, limits and their usage, and the decision whether it is served."""
