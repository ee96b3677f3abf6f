"""A small bilingual assistant: retrieval and templates, honest about being no large model.

>>> from trueline.apps.assistant.assistant import Assistant
>>> Assistant().name
'trueline-assistant'
"""
