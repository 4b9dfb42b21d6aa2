"""Settings of one process: environment (``HYDRONUM_*``), one TOML file, secrets from files. Read once."""

from __future__ import annotations

import importlib.metadata
import os
import tomllib
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
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
    client_id: str = Field("", description="MQTT client id; of several ingesters each needs its own; empty: by basin")

    @field_validator("database_url")
    @classmethod
    def _names_a_database(cls, url: SecretStr | None) -> SecretStr | None:
        """Refuse at start what every connection would stumble over later."""
        if url is None:
            return None
        try:
            parts = urlsplit(url.get_secret_value())
            is_port_possible = parts.port is None or parts.port > 0
        except ValueError:
            is_port_possible = False
        if not is_port_possible or parts.scheme not in {"postgresql", "postgres"}:
            raise ValueError("expected postgresql://user:password@host:port/name")
        return url

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
    _require_sources()
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"setting HYDRONUM_CONFIG: {os.environ.get('HYDRONUM_CONFIG')}: {error}"]) from error
    except ValidationError as error:
        faults = [
            f"setting {'.'.join(map(str, item['loc'])) or '?'}: {item['msg']}"
            for item in error.errors(include_input=False)  # an input may be a secret
        ]
        raise ConfigurationError(faults) from error


def _require_sources() -> None:
    """Refuse a named source that is not there: without its settings the service would run on other ones."""
    faults = []
    config, secrets_dir = os.environ.get("HYDRONUM_CONFIG"), os.environ.get("HYDRONUM_SECRETS_DIR")
    if config and not Path(config).is_file():
        faults.append(f"setting HYDRONUM_CONFIG: there is no file {config}")
    if secrets_dir and not Path(secrets_dir).is_dir():
        faults.append(f"setting HYDRONUM_SECRETS_DIR: there is no folder {secrets_dir}")
    if faults:
        raise ConfigurationError(faults)


def code_version() -> str:
    """Return the version of the installed HydroNum."""
    return importlib.metadata.version("hydronum")
