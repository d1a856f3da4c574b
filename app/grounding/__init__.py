"""The parts of the grounding gate, from figures and names to calibration, and the check of anyone's answer."""
