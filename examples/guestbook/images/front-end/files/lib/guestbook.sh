# What both scripts need. The password reaches redis-cli by its environment, never by the command line.
: "${REDIS_HOST:=redis}" "${GUESTBOOK_TITLE:=Guestbook}" "${GUESTBOOK_VERSION:=1}"

redis() {
  REDISCLI_AUTH="${REDIS_PASSWORD:-}" timeout 5 redis-cli --no-auth-warning -e -h "$REDIS_HOST" "$@"
}

escape() {
  sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' -e 's/"/\&quot;/g'
}
