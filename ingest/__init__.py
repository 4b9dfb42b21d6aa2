"""From field message to committed reading: subscriber, decoding, quality control, pipeline."""
