"""What is measured: anything that turns an item of a suite into an answer in the shape of `onrecord ask --json`."""
