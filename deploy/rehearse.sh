#!/usr/bin/env bash
# Builds, starts, tries, breaks and takes down the compose file with an engine that takes compose's verbs:
# deploy/rehearse.sh ENGINE, for example `deploy/rehearse.sh docker compose`. What it breaks are containers of `$CONTAINERS`
# (docker, podman). Its volumes are its own and are dropped at the end; the ports must be free.
set -euo pipefail
cd "$(dirname "$0")/.."
engine=("$@")
export COMPOSE_PROJECT_NAME=segsweep-rehearsal WORKERS=2 WORKER_CPUS=1
deploy/secrets.sh
finish() {
  local code=$?
  [[ $code == 0 ]] || for service in ray-head ray-worker mlflow buckets segsweep; do
    echo "== $service"; "${engine[@]}" logs "$service" 2>&1 | tail -n 40 || true
  done
  "${engine[@]}" down -v || "${engine[@]}" down || true
  exit $code
}
trap finish EXIT
"${engine[@]}" build
"${engine[@]}" up -d
"${PYTHON:-python3}" deploy/smoke.py
"${PYTHON:-python3}" deploy/sent.py
"${engine[@]}" exec -T ray-head python - <<'PYTHON'
from segsweep.store.s3_client import s3_client

for bucket in ("mlflow", "segsweep"):
    found = s3_client().list_objects_v2(Bucket=bucket).get("Contents", [])
    print(f"{bucket}: {len(found)} objects, {sum(item['Size'] for item in found)} bytes")
    assert found, bucket
PYTHON
"${PYTHON:-python3}" deploy/faults.py "${CONTAINERS:-docker}"
