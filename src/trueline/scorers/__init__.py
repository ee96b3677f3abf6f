"""What can be found in a text: one scorer a file, listed in running order by `builtin`."""
