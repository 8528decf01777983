#!/bin/sh
# SPDX-License-Identifier: MIT
# A browser at the static site of examples/files.c: a page with a style sheet, an image, and a script
# that fetches JSON and changes the page. Skipped where there is no Chromium.
# covers: W39, W40
#
#   tests/examples/browser.sh BUILD_DIR
set -eu

build=$(cd "$1" && pwd)
browser=
for name in chromium chromium-browser google-chrome; do
	[ -n "$browser" ] || browser=$(command -v "$name" || true)
done
[ -n "$browser" ] || { echo 'SKIP: no chromium is installed (Debian: chromium)'; exit 0; }

work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2> /dev/null || true; rm -rf "$work"' EXIT
site=$work/site
mkdir "$site" "$site/data"

cat > "$site/index.html" <<'END'
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Static</title>
<link rel="stylesheet" href="style.css">
<h1 id="title">before</h1>
<img id="picture" src="picture.png" alt="">
<p id="result">waiting</p>
<script src="script.js"></script>
</html>
END
echo 'h1 { color: rgb(1, 2, 3); }' > "$site/style.css"
echo '{"items": [1, 2, 39]}' > "$site/data/items.json"
# 3 by 2 pixels.
python3 - "$site/picture.png" <<'END'
import struct, sys, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

with open(sys.argv[1], "wb") as file:
    file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 2, 8, 2, 0, 0, 0)) +
               chunk(b"IDAT", zlib.compress((b"\0" + b"\x10\x80\xff" * 3) * 2)) + chunk(b"IEND", b""))
END
cat > "$site/script.js" <<'END'
"use strict";
addEventListener("load", async () => {
	const title = document.getElementById("title");
	const picture = document.getElementById("picture");
	const answer = await fetch("data/items.json");
	const sum = (await answer.json()).items.reduce((a, b) => a + b);
	const part = await fetch("data/items.json", { headers: { Range: "bytes=2-6" } });
	const lost = await fetch("none");
	title.textContent = "after";
	document.getElementById("result").textContent = [
		"sum " + sum,
		answer.headers.get("Content-Type"),
		"color " + getComputedStyle(title).color,
		"picture " + picture.naturalWidth + "x" + picture.naturalHeight,
		"part " + part.status + " " + await part.text(),
		"lost " + lost.status,
	].join("; ");
});
END

"$build/examples/files" "$site" 127.0.0.1:0 > "$work/served" 2> "$work/log" &
pid=$!
for wait in $(seq 1 100); do
	url=$(sed -n 's/^Serving \(.*\)$/\1/p' "$work/served")
	[ -z "$url" ] || break
	sleep 0.1
done

wanted='sum 42; application/json; color rgb(1, 2, 3); picture 3x2; part 206 items; lost 404'
# A browser that is busy with itself may give up a first time.
for attempt in 1 2 3; do
	timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--disable-dev-shm-usage --user-data-dir="$work/profile-$attempt" \
		--virtual-time-budget=10000 --dump-dom "$url" > "$work/page" 2> "$work/browser" || true
	grep -qF "$wanted" "$work/page" && break
done
if ! grep -qF "$wanted" "$work/page" || ! grep -qF '<h1 id="title">after</h1>' "$work/page"; then
	echo "the page does not say '$wanted':"
	cat "$work/page" "$work/log"
	tail -n 5 "$work/browser"
	exit 1
fi
for path in / /style.css /script.js /picture.png /data/items.json; do
	grep -qF "\"GET $path HTTP/1.1\" 200 " "$work/log" ||
		{ echo "$path was not asked for, or not answered:"; cat "$work/log"; exit 1; }
done

# The list of a directory, as the browser reads it.
timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
	--disable-background-networking --disable-component-update --disable-sync \
	--disable-dev-shm-usage --user-data-dir="$work/profile-list" \
	--dump-dom "${url}data/" > "$work/page" 2> "$work/browser" || true
grep -qF '<a href="./items.json">items.json</a>' "$work/page" ||
	{ echo 'the list of a directory:'; cat "$work/page"; exit 1; }

kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
[ "$status" = 0 ] || { echo "the server ended with $status"; cat "$work/log"; exit 1; }
echo "a browser shows the site: $wanted"
