"""The pages as Textual shows them; what they say and take is the session's."""
