"""How the reader (`app/reader_model.py`) is made: its pairs, its errors made by construction, its training, its export.

torch is needed here alone (the extra `train`), and in `network.py` and `fit.py` only.
"""
