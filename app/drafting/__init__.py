"""An answer drafted from the evidence: chosen sentences, or a model's words held to their sources."""
