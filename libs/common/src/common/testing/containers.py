"""PostgreSQL and NATS in containers, through testcontainers, behind the same faces as the embedded servers."""

import subprocess
from pathlib import Path
from urllib.parse import quote

from docker.models.containers import Container
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

POSTGRES_IMAGE = "postgres:18"
NATS_IMAGE = "nats:2"
_SUPERUSER_PASSWORD = "superuser-password"


class PostgresInContainer:
    """`postgres:18`, forgetful for speed."""

    def __init__(self) -> None:
        self._container = (
            DockerContainer(POSTGRES_IMAGE)
            .with_env("POSTGRES_PASSWORD", _SUPERUSER_PASSWORD)
            .with_exposed_ports(5432)
            .with_command(
                "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300"
            )
            .waiting_for(LogMessageWaitStrategy("database system is ready to accept connections"))
        )

    def start(self) -> None:
        self._container.start()

    def stop(self) -> None:
        self._container.stop()

    def url(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        login = f"{user}:{quote(password or '')}" if user else f"postgres:{_SUPERUSER_PASSWORD}"
        host, port = self._container.get_container_host_ip(), self._container.get_exposed_port(5432)
        return f"postgresql://{login}@{host}:{port}/{database}"

    def psql(self, sql_file: Path, variables: dict[str, str], database: str = "postgres") -> str:
        assignments = [flag for name, value in variables.items() for flag in ("-v", f"{name}={value}")]
        wrapped: Container = self._container.get_wrapped_container()
        target = f"postgresql://postgres:{_SUPERUSER_PASSWORD}@127.0.0.1/{database}"
        command = [
            "docker",
            "exec",
            "-i",
            str(wrapped.id),
            "psql",
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            *assignments,
            "-f",
            "-",
            target,
        ]
        with sql_file.open("rb") as script:
            done = subprocess.run(command, stdin=script, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        return done.stdout.decode()


class NatsInContainer:
    """`nats:2` with the generated configuration; killed and started again it keeps its port and its streams."""

    def __init__(self, config: Path, environment: dict[str, str]) -> None:
        from devstack.servers.ports import free_port  # noqa: PLC0415 - the port must outlive a restart of the container

        self._port = free_port()
        self._container = (
            DockerContainer(NATS_IMAGE)
            .with_bind_ports(4222, self._port)
            .with_volume_mapping(str(config), "/etc/nats/nats.conf", "ro")
            .with_command("-c /etc/nats/nats.conf -p 4222 -m 8222 -sd /tmp/jetstream")
            .waiting_for(LogMessageWaitStrategy("Server is ready"))
        )
        for name, value in environment.items():
            self._container.with_env(name, value)
        self._container.start()
        self._host = self._container.get_container_host_ip()

    @property
    def url(self) -> str:
        return f"nats://{self._host}:{self._port}"

    def start(self) -> None:
        self._container.get_wrapped_container().start()

    def stop(self) -> None:
        self._container.stop()

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()
