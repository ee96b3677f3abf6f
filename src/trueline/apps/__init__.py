"""Products built on the public interface: small, complete applications."""
