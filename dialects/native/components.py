"""Every named shape of the OpenAPI document."""

from __future__ import annotations

from typing import Final

from dialects.native.schemas import SHAPES
from dialects.native.schemas.making import Schema
from dialects.native.trying_schemas import TRYING_SHAPES

COMPONENTS: Final[dict[str, Schema]] = {**SHAPES, **TRYING_SHAPES}
