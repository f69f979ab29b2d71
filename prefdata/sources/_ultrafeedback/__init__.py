"""What `ultrafeedback` and `ultrafeedback-binarized` are made of."""

from __future__ import annotations

__all__: list[str] = []
