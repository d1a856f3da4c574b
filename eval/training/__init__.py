"""How the reader (`app/reader_model.py`) is made: its pairs, its errors made by construction, its training, its export.

torch is needed here alone (the extra `train`), and in `network.py`, `fit.py` and `export.py` only.
"""
