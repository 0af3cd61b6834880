"""Tasks: image, video and audio work from its submission to its one end, with one charge."""
