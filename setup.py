"""Package definition; also shipped to Dataflow workers (``--setup_file``).

With ``CUSTOMERIO_BEAM_COMPILE=1`` in the environment the mapping is compiled (by mypyc, from the same Python files).
That needs what requirements/compile.txt names, and a C compiler.
"""

import os
import pathlib
import runpy

from setuptools import Extension, find_packages, setup

#: Modules of the mapping whose classes msgspec and dataclasses look into while running: these stay Python.
INTERPRETED = {"__init__.py", "event.py", "mapped.py", "origin.py", "settings.py"}


def compiled_mapping() -> list[Extension]:
    """Return the mapping's extension modules; none, unless they are asked for."""
    if os.environ.get("CUSTOMERIO_BEAM_COMPILE") != "1":
        return []
    try:
        from mypyc.build import mypycify  # noqa: PLC0415
    except ImportError:
        raise SystemExit("CUSTOMERIO_BEAM_COMPILE=1 needs mypy: pip install -r requirements/compile.txt") from None
    modules = sorted(
        str(file) for file in pathlib.Path("customerio_beam/mapping").glob("*.py") if file.name not in INTERPRETED
    )
    # The package's own __init__ names transforms for type checkers, and Beam has no types: only the mapping is checked.
    options = ["--config-file=", "--strict", "--follow-imports=silent"]
    return mypycify([*options, *modules], group_name="customerio_beam_mapping")


ROOT = pathlib.Path(__file__).parent
VERSION = runpy.run_path(str(ROOT / "customerio_beam" / "version.py"))["__version__"]

SANDBOX = ["flask>=3.1,<4", "orjson>=3.10,<4", "wcwidth>=0.9,<1"]
# Beam's own packages for its YAML pipelines.
YAML = ["apache-beam[yaml]>=2.77,<3"]
VALIDATE = ["jsonschema>=4.23,<5"]
TEST = [
    *YAML,
    *VALIDATE,
    "pytest>=8.4,<10",
    "pyhamcrest>=2.1,<3",
    "hypothesis>=6.130,<7",
    "pytest-xdist>=3.6,<4",
    "python-ulid>=3.0,<4",
    "customerio>=3.2,<4",
    "python-hcl2>=8.1,<9",
    "promql-parser>=0.11,<1",
]
DEV = ["ruff>=0.12", "mypy>=1.17,<3", "types-requests>=2.32", "uv>=0.8", "pre-commit>=4.2,<5"]

setup(
    name="customerio-beam",
    version=VERSION,
    description="Routes Segment-spec events to Customer.io: an Apache Beam pipeline that you run yourself.",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["apache-beam", "customer.io", "customer-data", "dataflow", "segment"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: System :: Distributed Computing",
        "Typing :: Typed",
    ],
    python_requires=">=3.10,<3.14",
    # transforms and pipeline are links in there, to the folders beside this file.
    packages=find_packages(include=["customerio_beam*"]),
    ext_modules=compiled_mapping(),
    package_data={
        "customerio_beam": ["py.typed"],
        "customerio_beam.beam_yaml": ["providers.yaml"],
        "customerio_beam.sandbox": ["templates/*", "static/*"],
    },
    entry_points={
        "console_scripts": [
            "customerio-beam = customerio_beam.pipeline.__main__:main",
            "customerio-beam-sandbox = customerio_beam.sandbox.__main__:main",
            "customerio-beam-sdk-worker = customerio_beam.pipeline.sdk_worker:main",
        ]
    },
    install_requires=[
        # 2.67 to 2.75 leak memory when DoFns raise often; 2.77 is the first version that the tests ran with. Beam keeps
        # its interfaces within a major version, and an application pins its own: the lock files do here.
        "apache-beam[gcp]>=2.77,<3",
        # Both come with Beam, whose readers of Avro and Parquet are made of them.
        "fastavro>=1.9,<2",
        "pyarrow>=14,<26",
        "google-cloud-secret-manager>=2.20,<3",
        "msgspec>=0.19,<1",
        "requests>=2.32,<3",
        "ruamel.yaml>=0.18,<1",
        "urllib3>=2.2,<3",
        "zstandard>=0.23,<1",
    ],
    extras_require={
        # Beam's own file systems for s3:// and azfs://.
        "aws": ["apache-beam[aws]>=2.77,<3"],
        "azure": ["apache-beam[azure]>=2.77,<3"],
        "yaml": YAML,
        "sandbox": SANDBOX,
        # Tracking plans of the command validate.
        "validate": VALIDATE,
        "test": SANDBOX + TEST,
        "dev": SANDBOX + TEST + DEV,
    },
)
