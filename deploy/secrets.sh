#!/bin/sh
# Writes .env and deploy/s3.json with secrets of this installation; keeps what is there.
set -eu
cd "$(dirname "$0")/.."
umask 077
secret() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }
if [ -e .env ]; then
  echo ".env is there and stays"
else
  sed -e "s/^POSTGRES_PASSWORD=.*/POSTGRES_PASSWORD=$(secret)/" \
      -e "s/^S3_ACCESS_KEY=.*/S3_ACCESS_KEY=$(secret | cut -c1-20)/" \
      -e "s/^S3_SECRET_KEY=.*/S3_SECRET_KEY=$(secret)/" \
      -e "s/^RAY_AUTH_TOKEN=.*/RAY_AUTH_TOKEN=$(secret)/" \
      -e "s/^SEGSWEEP_TOKENS=.*/SEGSWEEP_TOKENS=$(secret),launch-$(secret)/" deploy/env.template > .env
  echo "wrote .env"
fi
. ./.env
cat > deploy/s3.json <<JSON
{"identities": [{"name": "segsweep", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
  "credentials": [{"accessKey": "$S3_ACCESS_KEY", "secretKey": "$S3_SECRET_KEY"}]}]}
JSON
# the store's own user reads it inside its container; the folder keeps others out
chmod 644 deploy/s3.json
echo "wrote deploy/s3.json"
