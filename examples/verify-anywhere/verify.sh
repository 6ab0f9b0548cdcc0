#!/bin/sh
# Verifies an access token with curl, jq and OpenSSL 3, and prints its claims.
#
#     ISSUER=https://auth.example/w/0192… AUDIENCE=0192… ./verify.sh sensor:read <token
#
# Exits with 0 if the token is good here and has the scope, with 1 if not, with 2 if that cannot be
# told. Why stands on standard error. The token is read from a file: arguments are seen by everybody.
set -eu

scope=${1:?which scope?}
: "${ISSUER:?}" "${AUDIENCE:?}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"

refuse() { echo "refused: $1" >&2 && exit 1; }
give_up() { echo "cannot tell: $1" >&2 && exit 2; }

# Base64url comes without padding (RFC 7515 §2); basenc wants it.
decoded() {
  case $((${#1} % 4)) in 2) set -- "$1==" ;; 3) set -- "$1=" ;; esac
  printf %s "$1" | basenc --base64url --decode 2>/dev/null
}

# --- three parts, of which nothing is believed yet ----------------------------------------------

IFS= read -r token || [ -n "$token" ] || refuse "no token"
case $token in
  *[!A-Za-z0-9_.-]* | *.*.*.*) refuse "not a signed token" ;;
  ?*.?*.?*) ;;
  *) refuse "not a signed token" ;;
esac
head=${token%%.*}
signature=${token##*.}
body=${token#*.}
body=${body%.*}

decoded "$head" >header || refuse "header"
decoded "$body" >claims || refuse "claims"
decoded "$signature" >raw || refuse "signature"
[ "$(wc -c <raw)" -eq 64 ] || refuse "signature"

# --- the key that the header names, for the algorithm that we chose -----------------------------

jq -e '.alg == "ES256" and .typ == "at+jwt" and (has("crit") | not)' header >said || refuse "header"
curl --silent --show-error --fail --max-time 10 "$ISSUER/jwks" >jwks || give_up "no keys"
jq -e --slurpfile header header '
  first(.keys[] | select(.kid == $header[0].kid and .kty == "EC" and .crv == "P-256"))' jwks >jwk \
  || refuse "unknown key"

# A P-256 key in DER (RFC 5480): what it is, then 04 (uncompressed), x and y.
{
  printf 3059301306072A8648CE3D020106082A8648CE3D03010703420004 | basenc --base16 --decode
  decoded "$(jq -r .x jwk)"
  decoded "$(jq -r .y jwk)"
} >key.der
openssl pkey -pubin -inform DER -in key.der -out key.pem || give_up "key"

# --- the signature: r and s side by side (RFC 7518 §3.4), which OpenSSL wants as ASN.1 ----------

hex() { od -An -v -tx1 "$@" raw | tr -d ' \n'; }
printf 'asn1=SEQUENCE:both\n[both]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "$(hex -N32)" "$(hex -j32)" >asn1
openssl asn1parse -genconf asn1 -noout -out der
printf %s "$head.$body" | openssl dgst -sha256 -verify key.pem -signature der >said 2>&1 \
  || refuse "signature"

# --- what it says -------------------------------------------------------------------------------

jq -e --arg iss "$ISSUER" --arg aud "$AUDIENCE" --argjson now "$(date +%s)" '
  .iss == $iss
  and ([.aud] | flatten(1) | any(. == $aud))
  and ([.sub, .client_id, .jti] | all(type == "string" and . != ""))
  and (.exp | numbers) > $now
  and (.iat | numbers) <= $now + 5
  and (.nbf // 0 | numbers) <= $now + 5' claims >said || refuse "issuer, audience, time or form"
# Bound to a key of its client (RFC 9449, RFC 8705), whose proof nobody here looks at.
jq -e 'has("cnf") | not' claims >said || refuse "bound to a key"
jq -e --arg scope "$scope" '.scope | strings | split(" ") | any(. == $scope)' claims >said \
  || refuse "scope"
jq . claims
