"""From files to a searchable collection: load, clean, sentences, chunks, embed, store."""
