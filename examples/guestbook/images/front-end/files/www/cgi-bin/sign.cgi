#!/bin/sh
# Takes one entry from the form, keeps the latest thousand, and leads back to the page.
. /lib/guestbook.sh

refuse() {
  printf 'Status: %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\n' "$1" "$2"
  exit 0
}

test "$REQUEST_METHOD" = POST || refuse '405 Method Not Allowed' 'Send the form with POST.'
test "${CONTENT_LENGTH:-0}" -le 4096 || refuse '413 Content Too Large' 'An entry has at most 4096 bytes.'
body=$(head -c "${CONTENT_LENGTH:-0}")
entry=$(printf %s "$body" | tr '&' '\n' | sed -n 's/^entry=//p' | head -n 1 | tr '+' ' ')
entry=$(httpd -d "$entry" | tr -d '\000-\037')
test -n "$entry" || refuse '400 Bad Request' 'The field "entry" is empty.'
printf %s "$entry" | redis -x LPUSH entries >/dev/null || refuse '503 Service Unavailable' 'The entry could not be kept.'
redis LTRIM entries 0 999 >/dev/null
printf 'Status: 303 See Other\r\nLocation: /\r\n\r\n'
