"""Settings of one process: environment (``HYDRONUM_*``), one TOML file, secrets from files. Read once."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from domain.errors import ConfigurationError

REPOSITORY = Path(__file__).resolve().parents[1]


class Settings(BaseSettings):
    """What an operator may set. Environment beats secret files, which beat the TOML file."""

    model_config = SettingsConfigDict(env_prefix="HYDRONUM_", frozen=True, extra="forbid")

    basin: Path = Field(REPOSITORY / "basins" / "wallonia", description="folder of the basin")
    data_dir: Path = Field(Path("var"), description="folder that holds everything the embedded servers store")
    database_url: SecretStr | None = Field(None, description="PostgreSQL or TimescaleDB; empty: embedded")
    broker_url: SecretStr | None = Field(None, description="MQTT broker with user and password; empty: embedded")
    host: str = Field("127.0.0.1", description="address of the web interface; only loopback until roles exist")
    port: int = Field(8000, ge=1, le=65535)
    web_dist: Path = Field(REPOSITORY / "web" / "dist", description="the built web pages")
    members: int = Field(50, ge=2, le=1000, description="ensemble size")
    seed: int = Field(2021, ge=0)
    label: str = Field("", description="text shown wherever figures of this run are shown")
    clock: Literal["wall", "database"] = Field("wall", description="database: event time of a demo or replay")
    shared_subscription: str = Field("", description="MQTT 5 share group; empty: a plain subscription")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources; ``HYDRONUM_CONFIG`` names the TOML file, ``HYDRONUM_SECRETS_DIR`` the secrets' folder."""
        del dotenv_settings, file_secret_settings
        secrets = SecretsSettingsSource(settings_cls, secrets_dir=os.environ.get("HYDRONUM_SECRETS_DIR"))
        toml = TomlConfigSettingsSource(settings_cls, toml_file=os.environ.get("HYDRONUM_CONFIG"))
        return init_settings, env_settings, secrets, toml


def read_settings(**overrides: object) -> Settings:
    """Read the settings once at start; ``overrides`` come from the command line, None meaning not given.

    Raises
    ------
    ConfigurationError
        With every fault of the configuration, each naming its setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        faults = [
            f"setting {'.'.join(map(str, item['loc'])) or '?'}: {item['msg']}"
            for item in error.errors(include_input=False)  # an input may be a secret
        ]
        raise ConfigurationError(faults) from error


def code_version() -> str:
    """Return the version of the installed HydroNum."""
    return importlib.metadata.version("hydronum")
