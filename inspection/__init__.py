"""The domain: what was seen, how bad it is, who must act and by when."""
