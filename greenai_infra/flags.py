"""True is no number: the base of all that is read from YAML and JSON into types."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, field_validator


class NoFlagAsNumber(BaseModel):
    """A model that takes true and false for a flag only: true, and what older YAML reads so, would pass for 1."""

    model_config = ConfigDict(defer_build=True)  # of the many models a command reads one or two

    @field_validator("*", mode="wrap")
    @classmethod
    def _flags_stay_flags(cls, value: Any, read: ValidatorFunctionWrapHandler) -> Any:
        if not isinstance(value, bool):
            return read(value)
        try:
            found = read(value)
        except ValidationError:
            found = None
        if not isinstance(found, bool):
            raise ValueError("true and false are no value here")
        return found
