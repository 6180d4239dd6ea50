# One image with two uses: the launcher of the Flex Template, and the workers' environment.
# Made from Beam's and Google's images with exactly the versions of requirements/runtime.txt and nothing besides.
ARG PYTHON_VERSION=3.11
ARG BEAM_VERSION=2.77.0
# Google recommends "latest" of the launcher, a program that only starts the job; a date's tag fixes it.
ARG LAUNCHER_TAG=latest

FROM apache/beam_python${PYTHON_VERSION}_sdk:${BEAM_VERSION} AS beam
FROM gcr.io/dataflow-templates-base/python311-template-launcher-base:${LAUNCHER_TAG} AS launcher

# Compiles the mapping; the image itself gets no compiler.
FROM python:${PYTHON_VERSION} AS build
WORKDIR /source
COPY requirements/compile.txt requirements/compile.txt
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements/compile.txt
COPY setup.py pyproject.toml MANIFEST.in README.md ./
COPY customerio_beam customerio_beam
COPY transforms transforms
COPY pipeline pipeline
RUN CUSTOMERIO_BEAM_COMPILE=1 pip wheel --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

FROM python:${PYTHON_VERSION}-slim
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

ENTRYPOINT ["/opt/apache/beam/boot"]
