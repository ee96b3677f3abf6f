"""The web console: server-rendered pages in Chinese and English, no outside script."""

from trueline.gateway.console.routes import routes

__all__ = ["routes"]
