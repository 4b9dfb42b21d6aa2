"""HTTP interface: one router per noun, server-sent events, the built web pages."""
