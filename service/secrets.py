"""Random credentials for the production shape: one file a secret, in a folder that only its owner may enter."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

from domain.errors import ConfigurationError
from domain.readings import is_id

PASSWORD_BYTES = 24
PBKDF2_ROUNDS = 101
SALT_BYTES = 12
SERVICE_USERS = ("ingest", "health")


def mosquitto_hash(password: str, salt: bytes) -> str:
    """Hash a password the way Mosquitto 2 stores it: PBKDF2 with HMAC-SHA512, marked ``$7$``.

    >>> mosquitto_hash("x", bytes(12)).startswith("$7$101$AAAAAAAAAAAAAAAA$")
    True
    """
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, PBKDF2_ROUNDS)
    return f"$7${PBKDF2_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def create_secrets(folder: Path) -> list[Path]:
    """Write the secrets of docker-compose.yml into a new folder and return the files.

    Raises
    ------
    ConfigurationError
        When the folder cannot be made, or already holds secrets: replacing them would lock the services out.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError([f"folder {folder} cannot be used: {error.strerror}"]) from error
    if any(folder.iterdir()):
        raise ConfigurationError([f"folder {folder} is not empty; secrets that are in use are never overwritten"])
    database, ingest, health = (secrets.token_urlsafe(PASSWORD_BYTES) for _ in range(3))
    passwords = "".join(
        f"{user}:{mosquitto_hash(password, os.urandom(SALT_BYTES))}\n"
        for user, password in (("ingest", ingest), ("health", health))
    )
    contents = {
        "database_password": database,
        "hydronum_database_url": f"postgresql://hydronum:{database}@127.0.0.1:5432/hydronum",
        "hydronum_broker_url": f"mqtt://ingest:{ingest}@127.0.0.1:1883",
        "broker_health_password": health,
        "mosquitto_passwords": passwords,
    }
    written = []
    for name, content in contents.items():
        path = folder / name
        # The folder (0700) keeps others out; the containers' own users must be able to read the mounted file.
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o444), "w") as stream:
            stream.write(content)
        written.append(path)
    return written


def add_device(folder: Path, device_id: str) -> str:
    """Let a device into the broker of the production shape and return its new password, which is kept nowhere else.

    A device that was there gets a new password. The broker reads its file again on SIGHUP.

    Raises
    ------
    ConfigurationError
        When the id is none or belongs to a service, or the folder holds no secrets.
    """
    if not is_id(device_id) or device_id in SERVICE_USERS:
        raise ConfigurationError(
            [f"device {device_id!r}: an id is 1 to 40 letters, digits, _ or -, not ingest or health"]
        )
    path = folder / "mosquitto_passwords"
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise ConfigurationError([f"folder {folder} holds no secrets ({error.strerror}); create them first"]) from error
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    kept = [line for line in lines if not line.startswith(f"{device_id}:")]
    path.chmod(0o600)
    path.write_text("\n".join([*kept, f"{device_id}:{mosquitto_hash(password, os.urandom(SALT_BYTES))}"]) + "\n")
    path.chmod(0o444)
    return password
