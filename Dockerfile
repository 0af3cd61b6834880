# Counterfoil in a container. Build it with `docker build -t counterfoil .`; compose.yaml runs it with a PostgreSQL.
#
# Every package is pinned with its hash, and nothing is compiled: the second stage has neither a compiler nor pip's cache.

FROM python:3.13-slim AS builder

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /source

# First what seldom changes, so that a change of the source does not install everything anew.
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /opt/counterfoil \
 && /opt/counterfoil/bin/python -m pip install --require-hashes --only-binary :all: -r requirements/runtime.txt
# What builds the wheel stays in this stage.
RUN python -m venv /opt/build \
 && /opt/build/bin/python -m pip install --require-hashes --only-binary :all: -r requirements/build.txt

COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
# What pages load is fetched from the npm registry by its lock file while the wheel is built.
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc frontend/build_hook.py frontend/
RUN /opt/build/bin/python -m pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/counterfoil/bin/python -m pip install --no-index --no-deps /wheels/counterfoil-*.whl


FROM python:3.13-slim

# A volume that is made at these folders takes over their owner. PostgreSQL, where it is the embedded one, wants a user
# with a name, and not root.
RUN useradd --system --user-group --uid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin counterfoil \
 && install --directory --owner counterfoil --group counterfoil --mode 0700 /data /backups

COPY --from=builder /opt/counterfoil /opt/counterfoil

ENV PATH=/opt/counterfoil/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    COUNTERFOIL_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
# Keys, checkpoints, the operator's token and, without COUNTERFOIL_DATABASE_URL, the embedded PostgreSQL.
VOLUME ["/data"]
EXPOSE 8787

# Ready is when the database answers; the slim image has no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('COUNTERFOIL_PORT') or 8787}/healthz\", timeout=4)"]

ENTRYPOINT ["counterfoil"]
CMD ["serve", "--host", "0.0.0.0"]
