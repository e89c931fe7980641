#!/bin/sh
# The page: who served it, a form, and the latest entries.
. /lib/guestbook.sh

printf 'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'
cat <<HTML
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>$(printf %s "$GUESTBOOK_TITLE" | escape)</title>
<style>body { font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem } small { color: #666 }</style>
<h1>$(printf %s "$GUESTBOOK_TITLE" | escape)</h1>
<form method="post" action="/cgi-bin/sign.cgi">
<input name="entry" maxlength="200" required autofocus placeholder="Say something"> <button>Sign</button>
</form>
<ol>
HTML
if entries=$(redis LRANGE entries 0 99 2>&1); then
  printf '%s\n' "$entries" | escape | sed -e '/^$/d' -e 's|.*|<li>&</li>|'
  echo '</ol>'
else
  echo "</ol><p>The entries cannot be read: $(printf %s "$entries" | escape)</p>"
fi
echo "<p><small>version $GUESTBOOK_VERSION, served by pod ${POD_NAME:-$(hostname)} on ${NODE_NAME:-an unknown node}</small></p>"
