"""An independent simulated world with known truth, and its publisher."""
