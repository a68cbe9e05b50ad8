"""What both programs show on a terminal with: fields, marks, the frame of an application. The only shared Textual."""
