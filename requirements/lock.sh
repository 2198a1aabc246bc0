#!/usr/bin/env bash
# Locks every requirement file with hashes and without a registry's address. Run after a change of pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
    --no-annotate --custom-compile-command "requirements/lock.sh" pyproject.toml "${@:2}" -o "requirements/$1.txt"
}
compile run --extra edge --extra server --group build
compile dev --extra edge --extra server --extra openvino --extra mqtt --extra sms --group build --group dev
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-annotate --custom-compile-command "requirements/lock.sh" --group node -o requirements/node.txt
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-annotate --custom-compile-command "requirements/lock.sh" requirements/uv.in -o requirements/uv.txt
uv pip compile --quiet --universal --python-version 3.11 --no-deps --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-annotate --custom-compile-command "requirements/lock.sh" requirements/media.in -o requirements/media.txt
uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-annotate --custom-compile-command "requirements/lock.sh" requirements/train.in -o requirements/train.txt
