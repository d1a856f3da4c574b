"""How the reader (`app/evidence/reader_model.py`) is made: pairs, errors made by construction, training, export.

torch is needed here alone (the extra `train`), and in `network.py` and `fit.py` only.
"""
