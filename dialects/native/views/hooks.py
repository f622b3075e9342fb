"""`/hooks/{secret path}`: whoever knows the address (and signs, where asked) starts an instance."""

from __future__ import annotations
