"""What a number is worth: bounds that hold at a stated confidence."""
