"""The outside of dp: threads to draw in, and the objects it keeps."""
