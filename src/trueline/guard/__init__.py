"""The run-time around a Judge: prompts, replies, streams, masking, conversation memory."""
