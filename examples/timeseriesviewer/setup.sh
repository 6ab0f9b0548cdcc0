#!/usr/bin/env bash
# Makes the workspace `mytenant` ready for the Time Series Viewer: application, roles, people, routes.
#
#     SCOPEWRIGHT_API_KEY=swk_… examples/timeseriesviewer/setup.sh
#
# The key is that of an administrator, of mytenant or of another workspace; then mytenant is created.
# Run it as often as you like: what is there stays, and the end is the same. What depends on the
# workspace is written to the folder STATE: its key, the application's environment, both proxies'
# configurations. The application itself says what its endpoints need, so python3 has to find FastAPI
# and scopewright (PYTHON names another one).
set -euo pipefail

url=${SCOPEWRIGHT_URL:-http://127.0.0.1:8080}
host=${VIEWER_HOST:-127.0.0.1:8090}         # where browsers find the application: the proxy
upstream=${VIEWER_UPSTREAM:-127.0.0.1:9000} # where the proxy finds it
here=$(cd "$(dirname "$0")" && pwd)
state=${STATE:-$here/state}
mkdir -p "$state"
[ -s "$state/key" ] || (umask 077 && printf %s "${SCOPEWRIGHT_API_KEY:?the API key of an administrator}" >"$state/key")

application=timeseriesviewer
role=mdsp:mytenant:$application

# The key goes to curl in a file that only we can read: everybody can see arguments.
ask() {
  local method=$1 path=$2 && shift 2
  curl --silent --show-error --fail-with-body --request "$method" "$@" \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$(cat "$state/key")") "$url/api/workspaces$path"
}
# The text of one member of a flat JSON object.
member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
there() { ask GET "/mytenant$1" >/dev/null 2>&1; }
post() { ask POST "/mytenant$1" --json "$2" >/dev/null; }

# --- the workspace ------------------------------------------------------------------------------

if ! there ""; then
  made=$(ask POST "" --json '{"name": "My Tenant", "slug": "mytenant", "catalogues": ["mindsphere"]}')
  member api_key <<<"$made" >"$state/key"
fi
issuer=$(ask GET /mytenant | member issuer)

# --- the application, with a scope of its own and two roles (which it is born with) ---------------

there /applications/$application ||
  post /applications '{"name": "'$application'", "title": "Time Series Viewer"}'
ask PATCH /mytenant/applications/$application --json '{"launch_url": "http://'"$host"'/"}' >/dev/null

there /scopes/$application.all ||
  post /applications/$application/scopes \
    '{"name": "'$application'.all", "description": "Every endpoint of the Time Series Viewer."}'

for name in admin user; do
  ask PATCH "/mytenant/applications/$application/roles/$name" --json '{
    "scopes": ["'$application'.all"],
    "includes": ["mdsp:core:assetmanagement:reporter", "mdsp:core:iot.timUser"]}' >/dev/null
done
post /applications/$application/register '{}'

# --- two people, a role each --------------------------------------------------------------------

for name in admin user; do
  there "/end-users/$name@mytenant.example" ||
    post /end-users '{"email": "'$name'@mytenant.example", "roles": ["'$role.$name'"]}'
  ask PUT "/mytenant/principals/$name@mytenant.example/roles/$role.$name" >/dev/null
done

# --- what the gateway lets through: what the application says itself -----------------------------

document=$(cd "$here" && ISSUER=$issuer AUDIENCE=x "${PYTHON:-python3}" -c 'import json, app; print(json.dumps(app.app.openapi()))')
post /applications/$application/routes/import '{"host": "'"$host"'", "document": '"$document"'}'

# --- what the application and its proxy have to know ---------------------------------------------

printf 'export ISSUER=%s AUDIENCE=%s\n' "$issuer" "${issuer##*/}" >"$state/environment"
for name in nginx.conf Caddyfile; do
  sed -e "s|WORKSPACE|${issuer##*/}|g" -e "s|127.0.0.1:8080|${url#http://}|g" \
    -e "s|127.0.0.1:9000|$upstream|g" -e "s|127.0.0.1:8090|$host|g" "$here/$name" >"$state/$name"
done
echo "mytenant is ready; $state has what the application and its proxy need."
