#!/usr/bin/env bash
# IoTMan's scenario, line by line, with nothing but curl and the usual small tools.
#
#     SCOPEWRIGHT_URL=http://127.0.0.1:8080 SCOPEWRIGHT_API_KEY=swk_… examples/iotman.sh
#
# The key is that of an administrator: `make run` prints one, `scopewright init` makes one. The
# script creates a workspace of its own, so it can be run as often as you like.
# A person signs in by letter. Where letters are written to a folder (mail.url: file:DIR), name it
# in LETTERS; otherwise the script asks you to paste the link that the server has printed or sent.
set -euo pipefail

url=${SCOPEWRIGHT_URL:-http://127.0.0.1:8080}
key=${SCOPEWRIGHT_API_KEY:?the API key of an administrator}
data=${WEATHER:-$(dirname "$0")/../src/scopewright/demo/weather.csv.gz}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() { printf '\n%s\n' "$*"; }
# The text of one member of a flat JSON object.
member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
# A key or token goes to curl in a file that only we can read: everybody can see arguments.
present() { (umask 077 && printf 'header = "Authorization: Bearer %s"\n' "$2" >"$scratch/$1"); }
as() { local who=$1 && shift && curl --silent --show-error --fail-with-body --config "$scratch/$who" "$@"; }
post() { as admin --json "$2" "$workspace/$1"; }
# What a server answers, as a number.
status() { curl --silent --output /dev/null --write-out '%{http_code}' "$@"; }

# --- a workspace of our own ---------------------------------------------------------------------

present admin "$key"
made=$(as admin --json '{"name": "IoTMan scenario"}' "$url/api/workspaces")
slug=$(member slug <<<"$made")
issuer=$(member issuer <<<"$made")
workspace=$url/api/workspaces/$slug
present admin "$(member api_key <<<"$made")" # a key of this workspace; the other one ends here
say "Workspace $(member id <<<"$made"): this UUID is the audience of every token. Issuer: $issuer"

# --- scopes, a place for data to come in, a place for it to go out ------------------------------

post scopes '{"name": "sensor:read", "description": "Read the observations."}' >"$scratch/answer"
post scopes '{"name": "sensor:write", "description": "Send observations."}' >"$scratch/answer"
post endpoints '{"name": "Observations", "write_scope": "sensor:write"}' >"$scratch/answer"
post exports '{"name": "Observations", "required_scope": "sensor:read"}' >"$scratch/answer"
endpoint=$url/data/$slug/observations
export=$url/exports/$slug/observations
say "Data comes in at $endpoint and goes out at $export."

# --- machines: client credentials ---------------------------------------------------------------

# machine NAME SCOPE: registers a client that may have one scope, and gets it a token.
machine() {
  local client id
  client=$(post clients "{\"name\": \"$1\", \"type\": \"client_credentials\"}")
  id=$(member client_id <<<"$client")
  post "clients/$id/scopes" "{\"scope\": \"$2\"}" >"$scratch/answer"
  (umask 077 && printf 'user = "%s:%s"\n' "$id" "$(member client_secret <<<"$client")" >"$scratch/$1.client")
  present "$1" "$(as "$1.client" --data grant_type=client_credentials "$issuer/token" | member access_token)"
  echo "$id" >"$scratch/$1.id"
}

machine station sensor:write
machine worker iotman:metadata:update
machine dashboard sensor:read
say "A scope that was not granted is refused, and nothing is issued:"
curl --silent --config "$scratch/station.client" --data grant_type=client_credentials \
  --data scope=sensor:read "$issuer/token"

# --- a person: invited, and stamped with what an outside worker says ----------------------------

person=observer@example.com
post end-users "{\"email\": \"$person\", \"scopes\": [\"sensor:read\", \"sensor:write\"]}" >"$scratch/answer"
as worker --request PUT --json '{"value": {"station": "LGA", "tier": "gold"}}' \
  "$workspace/end-users/$person/metadata/ingest_context" >"$scratch/answer"
say "The worker, a client with one internal scope, has written the person's ingest_context."

# --- the person signs in on a phone: authorization code with PKCE (RFC 7636) --------------------

callback=http://127.0.0.1:8765/callback
phone=$(post clients "{\"name\": \"Phone app\", \"type\": \"pkce\", \"redirect_uris\": [\"$callback\"]}" | member client_id)
random() { head -c 32 /dev/urandom | basenc --base64url | tr -d =; }
verifier=$(random)
state=$(random)
challenge=$(printf %s "$verifier" | sha256sum | cut -c-64 | tr a-f A-F | basenc --decode --base16 | basenc --base64url | tr -d =)

# The browser: it keeps cookies, and a form's hidden fields are part of the page.
browser() { curl --silent --show-error --fail-with-body --cookie "$scratch/jar" --cookie-jar "$scratch/jar" "$@"; }
hidden() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" "$scratch/page" | head -n 1; }
where_to() { browser --output "$scratch/page" --write-out '%{redirect_url}' "$@"; }

touch "$scratch/before"
sign_in=$(where_to --get "$issuer/authorize" --data response_type=code --data "client_id=$phone" \
  --data "state=$state" --data-urlencode "redirect_uri=$callback" \
  --data "code_challenge=$challenge" --data code_challenge_method=S256)
while [ -n "$sign_in" ]; do sign_in=$(where_to "$sign_in"); done
where_to --data-urlencode "email=$person" --data "continue=$(hidden continue)" \
  --data-urlencode "anti_forgery=$(hidden anti_forgery)" "$url/sign-in" >"$scratch/answer"

if [ -n "${LETTERS:-}" ]; then
  until letter=$(find "$LETTERS" -name '*.eml' -newer "$scratch/before" -exec grep -l 'Subject: Your sign-in' {} + 2>"$scratch/answer") && [ -n "$letter" ]; do
    sleep 0.1
  done
  link=$(grep -o 'http[^ ]*/sign-in/link[^ ]*' "$letter" | tr -d '\r')
else
  read -rp "Paste the link from the letter to $person: " link
fi
browser --output "$scratch/page" "$link"
consent=$(where_to --data-urlencode "token=$(hidden token)" --data-urlencode "anti_forgery=$(hidden anti_forgery)" "$url/sign-in/link")
browser --output "$scratch/page" "$consent"
back=$(where_to --data decision=approve --data-urlencode "anti_forgery=$(hidden anti_forgery)" "$consent")
[[ $back == "$callback"*"state=$state"* ]] # or somebody else's answer was slipped to us
code=$(sed -n 's/.*[?&]code=\([^&]*\).*/\1/p' <<<"$back")
present person "$(printf %s "$verifier" | curl --silent --show-error --fail-with-body --data grant_type=authorization_code \
  --data "client_id=$phone" --data "code=$code" --data-urlencode "redirect_uri=$callback" \
  --data-urlencode code_verifier@- "$issuer/token" | member access_token)"
say "The person is signed in and has said yes. Who they are:"
as person "$issuer/userinfo"

# --- both send what was really measured ---------------------------------------------------------

# rows SELECTION: observations as JSON, one a line; what was not measured is null.
rows() {
  gzip --decompress --stdout "$data" | awk -F, "NR > 1 && ($1)"' {
    for (i = 3; i <= 5; i++) if ($i == "") $i = "null"
    printf "{\"origin\":\"%s\",\"time\":\"%s\",\"temp\":%s,\"humid\":%s,\"pressure\":%s}\n", $1, $2, $3, $4, $5
  }'
}
# send WHO SELECTION: in batches; one batch is kept whole or not at all.
send() {
  rm -f "$scratch"/batch.*
  rows "$2" | split --lines=5000 - "$scratch/batch."
  for batch in "$scratch"/batch.*; do
    as "$1" --header 'Content-Type: application/x-ndjson' --data-binary "@$batch" "$endpoint" >"$scratch/answer"
  done
}
# shellcheck disable=SC2016 # awk's own
send station '$1 != "LGA"'
# shellcheck disable=SC2016
send person '$1 == "LGA"'
say "The station has sent Newark and Kennedy, the person La Guardia: $(rows 1 | wc -l) observations."

# --- the export gate ----------------------------------------------------------------------------

say "The export without a token: $(status "$export"); with the station's, which may only write: \
$(status --config "$scratch/station" "$export"); with the dashboard's: $(status --config "$scratch/dashboard" "$export")"
say "The newest observation, stamped with what the worker had written:"
as dashboard "$export?limit=1"

next="$export?limit=1000"
while [ -n "$next" ]; do
  as dashboard "$next" >"$scratch/answer"
  grep -o '"temp":[^,}]*' "$scratch/answer" | cut -d: -f2 >>"$scratch/newest-first"
  next=$(member next_page <"$scratch/answer")
done
# How many, their sum, and the last one.
summary() { awk '$1 != "null" { sum += $1 } END { printf "%d rows, sum of temperatures %.2f, last %s", NR, sum, $1 }' "$1"; }
tac "$scratch/newest-first" >"$scratch/exported"
rows 1 | grep -o '"temp":[^,}]*' | cut -d: -f2 >"$scratch/sent"
say "Sent:     $(summary "$scratch/sent")"
echo "Exported: $(summary "$scratch/exported")"
cmp "$scratch/sent" "$scratch/exported" # each value, in its order

# --- a device is revoked ------------------------------------------------------------------------

as admin --request DELETE "$workspace/clients/$(cat "$scratch/station.id")"
refused=$(status --config "$scratch/station" --json '{"origin": "EWR"}' "$endpoint")
say "The station's client is deleted. Its token, good for an hour, now gets: $refused"
[ "$refused" = 401 ]
say "Done. Look around: $url/sign-in"
