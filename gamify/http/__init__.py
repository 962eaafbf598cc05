"""What the dialects share: authentication, parsing, fields, the base viewset and the rendering of errors."""
