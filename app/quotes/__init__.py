"""The quote desk: what a collection says about a quote, word for word, without any model's opinion."""
