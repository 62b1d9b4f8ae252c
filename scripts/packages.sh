#!/usr/bin/env bash
# Whether the wheel, the sdist and a clean clone work in empty environments:
#
#     make packages                          # each of them, on Python 3.10 and 3.13
#     scripts/packages.sh wheel 3.12 3.14    # one of them, on other Pythons
#
# What is fetched or made is in a folder that is removed at the end, caches too.
set -euo pipefail
cd "$(dirname "$0")/.."

project=$PWD
uv=$project/.tools/bin/uv
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export UV_SYSTEM_CERTS=1 UV_NO_PROGRESS=1 UV_CACHE_DIR=$work/cache/uv
export XDG_CACHE_HOME=$work/cache XDG_DATA_HOME=$work/data XDG_STATE_HOME=$work/state
unset VIRTUAL_ENV

wheel() {
    "$uv" build --quiet --wheel --out-dir "$work/dist"
    "$uv" venv --quiet --python "$1" "$folder"
    "$uv" pip install --quiet --python "$folder" "$work"/dist/*.whl
    cd "$folder"
    PATH=$folder/bin:$PATH
    commands
    "$uv" pip install --quiet --python "$folder" "$(echo "$work"/dist/*.whl)[report]"
    report
}

commands() {
    echo '{"environment": "demo"}' >config.json
    tap-billit --about --format=json >about.json
    tap-billit --about --format=markdown >about.md
    tap-billit --config=config.json --discover >catalog.json
    tap-billit --config=config.json --catalog=catalog.json >messages.jsonl 2>log || { cat log; exit 1; }
    "$project/.venv/bin/python" "$project/.ci/count.py" messages.jsonl

    source-billit spec >spec.jsonl
    source-billit discover --config=config.json >discovered.jsonl
    echo '{"streams": [{"stream": {"name": "sales_invoices"}, "sync_mode": "incremental"}]}' >chosen.json
    source-billit read --config=config.json --catalog=chosen.json >read.jsonl
    grep -q '"RECORD"' read.jsonl
    grep -q '"COMPLETE"' read.jsonl

    tap-billit-demo --port=0 >demo &
    timeout 30 sh -c 'until grep -q ^} demo; do sleep 0.2; done'
    sed -n '/^{/,$p' demo >demo.json
    source-billit check --config=demo.json | grep SUCCEEDED
    kill %%

    tap-billit-login --help >/dev/null
    tap-billit-doctor --help >/dev/null
}

# A page of marts that the tests make: dbt is no part of the wheel.
report() {
    local script='import duckdb, sys; duckdb.connect("books.duckdb").execute(sys.stdin.read())'
    (cd "$project" && .venv/bin/python -c 'from tests.report.books import full; print(full().script())') |
        python -c "$script"
    tap-billit-report --database=books.duckdb
    grep -q '</html>' report.html
}

sdist() {
    "$uv" build --quiet --sdist --out-dir "$work/dist"
    mkdir "$folder"
    tar --extract --gzip --file "$work"/dist/*.tar.gz --directory "$folder" --strip-components 1
    make --directory "$folder" test PYTHON_VERSION="$1"
}

clone() {
    git clone --quiet "$project" "$folder"
    make --directory "$folder" demo test PYTHON_VERSION="$1"
}

what=$1
shift
for python in "$@"; do
    printf '\n== the %s on Python %s\n' "$what" "$python"
    folder=$work/$what
    ("$what" "$python")
    printf '== it works (after %d s)\n' "$SECONDS"
    rm -rf "$folder"
done
