"""A run on disk and on screen: its folder, checkpoints and random numbers, the environment it was made in, trackers, progress."""
