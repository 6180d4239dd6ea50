# One image with two uses: the launcher of the Flex Template, and the workers' environment.
# Made from Beam's and Google's images, with exactly the versions of requirements/runtime.txt.

# Exact versions. scripts/pin_images.sh adds the digests of today's images, where their registries can be reached.
ARG PYTHON_IMAGE=python:3.11.15-slim-bookworm
ARG BUILD_IMAGE=python:3.11.15-bookworm
ARG BEAM_IMAGE=apache/beam_python3.11_sdk:2.77.0
ARG LAUNCHER_IMAGE=gcr.io/dataflow-templates-base/python311-template-launcher-base:20240812-rc01

FROM ${BEAM_IMAGE} AS beam
FROM ${LAUNCHER_IMAGE} AS launcher

# Compiles the mapping; the image itself gets no compiler.
FROM ${BUILD_IMAGE} AS build
WORKDIR /source
COPY requirements/compile.txt requirements/compile.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements/compile.txt
COPY setup.py pyproject.toml MANIFEST.in README.md ./
COPY customerio_beam customerio_beam
COPY transforms transforms
COPY pipeline pipeline
RUN CUSTOMERIO_BEAM_COMPILE=1 pip wheel --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

FROM ${PYTHON_IMAGE}
# Only the build may change it: docker build --build-arg RUN_AS=0:0 where a runner's folders are root's alone.
ARG RUN_AS=10001:10001
COPY --from=beam /opt/apache/beam /opt/apache/beam
COPY --from=launcher /opt/google/dataflow/python_template_launcher /opt/google/dataflow/python_template_launcher

WORKDIR /source
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements/runtime.txt
COPY --from=build /source/dist dist
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps dist/*.whl
RUN pip check --disable-pip-version-check

WORKDIR /template
COPY flex_template/launch.py launch.py
RUN python launch.py --help
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launch.py

# The packages belong to root and the job runs as a user without a name, so that it can't change its own code. Beam's boot
# program would make a virtual environment in a folder of root's; everything is installed already.
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1
ENV PYTHONNOUSERSITE=1
ENV HOME=/tmp
ENV USER=customerio
USER ${RUN_AS}

ENTRYPOINT ["/opt/apache/beam/boot"]
