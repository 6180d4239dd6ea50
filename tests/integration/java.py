"""Programs of the Java world, run from the jars that ``scripts/integration_tools.sh`` gets with Maven."""

from __future__ import annotations

import pathlib

from tests.integration.tools import ROOT, tool, unavailable

__all__ = ["jar", "java"]

_JARS = ROOT / ".cache" / "java"

#: What Flink 1.19 opens to itself on Java 17 (env.java.opts.all of its own configuration), where scripts start it.
_EXPORTS = ("java.base/sun.net.util", "java.rmi/sun.rmi.registry", "java.security.jgss/sun.security.krb5")
_OPENS = (
    *("java.base/java." + name for name in ("lang", "net", "io", "nio", "text", "time", "util")),
    *("java.base/java." + name for name in ("lang.invoke", "lang.reflect", "util.concurrent")),
    *("java.base/java.util.concurrent." + name for name in ("atomic", "locks")),
    *("java.base/sun." + name for name in ("nio.ch", "nio.cs", "security.action", "util.calendar")),
)


def java(jars: str, main_class: str, *arguments: str, heap_mb: int, properties: tuple[str, ...] = ()) -> list[str]:
    """Return the command of a program that ends when the process that starts it does, even if that is killed.

    Args:
        jars: The folder of its jars.
        main_class: Its name.
        arguments: Its arguments.
        heap_mb: The most memory for its objects, in megabytes.
        properties: System properties, ``NAME=VALUE``.
    """
    return [
        *(tool("setpriv"), "--pdeathsig", "KILL", "--"),
        tool("java"),
        # One compiler and one collector, for programs that start often and run shortly.
        *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Xmx{heap_mb}m"),
        *(f"--add-exports={name}=ALL-UNNAMED" for name in _EXPORTS),
        *(f"--add-opens={name}=ALL-UNNAMED" for name in _OPENS),
        *(f"-D{each}" for each in ("org.slf4j.simpleLogger.showDateTime=true", *properties)),
        *("-cp", f"{_folder(jars)}/*"),
        main_class,
        *arguments,
    ]


def jar(jars: str) -> pathlib.Path:
    """Return the one jar of a folder that has one."""
    [found] = _folder(jars).glob("*.jar")
    return found


def _folder(jars: str) -> pathlib.Path:
    folder = _JARS / jars
    if not (folder / ".complete").exists():  # written last
        unavailable(f"{folder} is missing: scripts/integration_tools.sh gets it, or says what that needs")
    return folder
