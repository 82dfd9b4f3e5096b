#!/usr/bin/env bash
# Captures what a command sends and receives on loopback, until its connections have ended:
#   docs/lab/capture.sh FILE PORT COMMAND...
set -euo pipefail
file=$1 port=$2
shift 2

rm -f "$file"
: > "$file.log"
tshark -i lo -f "tcp port $port" -w "$file" 2> "$file.log" &
tshark=$!
trap 'kill -INT "$tshark"; wait "$tshark" || true' EXIT
until grep -q 'Capture started' "$file.log"; do
    kill -0 "$tshark" || { cat "$file.log" >&2; trap - EXIT; exit 1; }
    sleep 0.1
done

"$@"

# The last packets reach the file a moment later: each connection that began also ends there.
count() { tshark -r "$file" -Y "$1" 2> "$file.log" | wc -l; }
for _ in {1..50}; do
    begun=$(count 'tcp.flags.syn == 1 && tcp.flags.ack == 0')
    ended=$(count 'tcp.flags.fin == 1')
    ((begun == 0 || ended < 2 * begun)) || break
    sleep 0.1
done
