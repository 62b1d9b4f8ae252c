# Meltano with this tap and the PostgreSQL loader, every package as locked. How to run it and where
# its state and its tokens go: docs/operations.md.

FROM python:3.13.9-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /srv/billit
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --extra demo --no-install-project --no-install-package duckdb \
    && uv export --locked --quiet --no-default-groups --group image --no-emit-project --no-hashes \
        --output-file constraints.txt
COPY README.md LICENSE meltano.yml ./
COPY tap_billit tap_billit
RUN UV_CONSTRAINT=/srv/billit/constraints.txt \
        .venv/bin/meltano install tap-billit target-postgres \
    && .venv/bin/meltano invoke tap-billit --version \
    && .venv/bin/meltano invoke target-postgres --version

FROM python:3.13.9-slim-bookworm
# Meltano writes into .meltano while it runs; nothing that is to last.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp billit
COPY --from=build --chown=10001:10001 /srv/billit /srv/billit
COPY examples/fleet /srv/billit/examples/fleet
WORKDIR /srv/billit
# /data is not made here: a container without it stops before it spends a refresh token.
# The token store is a path, no secret:
# hadolint ignore=DL3064
ENV PATH=/srv/billit/.venv/bin:$PATH \
    MELTANO_ENVIRONMENT=production \
    MELTANO_AUTO_INSTALL=false \
    MELTANO_CLI_LOG_FORMAT=json \
    MELTANO_STATE_BACKEND_URI=file:///data/state \
    TAP_BILLIT_TOKEN_STORE=/data/tokens/billit.json
USER 10001:10001
ENTRYPOINT ["meltano"]
CMD ["run", "tap-billit", "target-postgres"]
