#!/usr/bin/env bash
# Tries docker-compose.yml with a running Docker Engine, as a project of its own on other ports and networks than the
# defaults, and removes it in the end:
#   deploy/test-compose.sh
# Needs Compose (2 or 1.29), curl and a Python with the package websockets (PYTHON, default python3). Takes some minutes.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

export COMPOSE_PROJECT_NAME=danmaku-test
export DANMAKU_NET=10.78 DANMAKU_PORT=18080 DANMAKU_EDGE_PORTS=18081-18090
front=http://127.0.0.1:$DANMAKU_PORT
python=${PYTHON:-python3}
failures=0

for tool in docker curl "$python"; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 2; }
done
docker info >/dev/null || exit 2
"$python" -c 'import websockets' || exit 2
work=$(mktemp -d)
logs=${TMPDIR:-/tmp}/danmaku-test-compose.log

compose() {
    if docker compose version >/dev/null 2>&1; then
        docker compose "$@"
    else
        docker-compose "$@"
    fi
}

pass() { echo "PASS  $*"; }

fail() {
    echo "FAIL  $*"
    failures=$((failures + 1))
}

# check WHAT COMMAND...: what the command prints is shown only when it fails.
check() {
    local what=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        pass "$what"
    else
        fail "$what"
        sed 's/^/      /' "$work/output"
    fi
}

# within SECONDS COMMAND...: tries until it succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 1
    done
}

finish() {
    local result=$?
    trap '' INT TERM
    # shellcheck disable=SC2046 # process ids
    kill $(jobs -p) 2>/dev/null || true
    if ((result != 0)); then
        compose logs --no-color >"$logs" 2>&1 || true
        echo "The containers' logs are in $logs."
    fi
    compose down --volumes --remove-orphans --timeout 5 >/dev/null 2>&1 || echo "could not remove everything" >&2
    rm -rf "$work"
    exit "$result"
}
trap finish EXIT
trap 'exit 130' INT TERM

nodes() { compose ps -q origin-1 origin-2 edge; }

edges() { compose ps -q edge; }

# address CONTAINER NETWORK
address() {
    docker inspect -f "{{with index .NetworkSettings.Networks \"${COMPOSE_PROJECT_NAME}_$2\"}}{{.IPAddress}}{{end}}" "$1"
}

edge_ports() {
    local edge
    for edge in $(edges); do
        docker port "$edge" 8080/tcp | sed -n '1s/.*://p'
    done
}

healthy() {
    local node count=0
    for node in $(nodes); do
        [[ $(docker inspect -f '{{.State.Health.Status}}' "$node") == healthy ]] || return 1
        count=$((count + 1))
    done
    ((count == $1)) || return 1
}

answers() { [[ $(curl -s -o /dev/null -m 10 -w '%{http_code}' "$1") == 200 ]]; }

up() { compose up -d --scale "edge=$1" "${@:2}" >"$work/up" 2>&1 || { cat "$work/up"; return 1; }; }

### Start

echo "Building and starting; the first build takes minutes."
up 3 --build
check "two origins and three edges become healthy" within 180 healthy 5

### Published ports

check "nginx forwards /health/ready" answers "$front/health/ready"
check "nginx forwards the page" answers "$front/"
check "nginx keeps /metrics to itself" test "$(curl -s -o /dev/null -w '%{http_code}' "$front/metrics")" = 404

ports=$(edge_ports)
check "three edges have three ports" test "$(sort -u <<<"$ports" | wc -l)" = 3
for port in $ports; do
    check "an edge answers on its own port $port, of $DANMAKU_EDGE_PORTS" \
        test "$port" -ge 18081 -a "$port" -le 18090 -a "$(curl -s "http://127.0.0.1:$port/health/ready" -o /dev/null -w '%{http_code}')" = 200
done

for node in $(nodes); do
    check "a node runs as a user other than root" test "$(docker exec "$node" id -u)" != 0
done
check "an origin owns its volume" docker exec "$(compose ps -q origin-1)" bash -c 'touch /data/of-the-test && rm /data/of-the-test'

### WebSockets

cat >"$work/chat.py" <<'PYTHON'
"""Viewers on nginx and on every edge: what one says, all see."""
import asyncio, sys, uuid
import websockets

async def see(viewer, text):
    while await viewer.recv() != text:
        pass

async def say(speaker, viewers, seconds):
    text = uuid.uuid4().hex
    await speaker.send(text)
    await asyncio.wait_for(asyncio.gather(*(see(viewer, text) for viewer in viewers)), seconds)

async def main(urls):
    viewers = [await websockets.connect(url) for url in urls]
    # A viewer is in the room a moment after its socket is open; what is said before then is not for it.
    for _ in range(10):
        try:
            await say(viewers[0], viewers, 1)
            break
        except asyncio.TimeoutError:
            pass
    for speaker in viewers:
        await say(speaker, viewers, 5)
    for viewer in viewers:
        await viewer.close()

asyncio.run(asyncio.wait_for(main(sys.argv[1:]), 90))
PYTHON

cat >"$work/stay.py" <<'PYTHON'
"""A viewer that stays until it is sent away, and prints with which close code."""
import asyncio, sys
import websockets

async def main(url):
    async with websockets.connect(url) as viewer:
        print("connected", flush=True)
        await viewer.wait_closed()
        print(viewer.close_code, flush=True)

asyncio.run(main(sys.argv[1]))
PYTHON

# shellcheck disable=SC2046 # one word for each port
chat() { "$python" "$work/chat.py" $(printf 'ws://127.0.0.1:%s/ ' "$DANMAKU_PORT" $(edge_ports)); }

check "what a viewer says on nginx or any edge, all see" chat

### Remoting

# PORT ADDRESS...: prints the addresses where something listens on the port, as seen from where it runs.
# shellcheck disable=SC2016 # for the bash in there
probe='for address in "${@:2}"; do timeout 2 bash -c "</dev/tcp/$address/$1" && echo "$address"; done 2>/dev/null; true'
from_front() { docker run --rm --network "${COMPOSE_PROJECT_NAME}_front" --entrypoint bash danmaku-node -c "$probe" - "$@"; }
from_cluster() { docker exec "$(compose ps -q origin-1)" bash -c "$probe" - "$@"; }

cluster_addresses=() front_addresses=()
for node in $(nodes); do cluster_addresses+=("$(address "$node" cluster)"); done
for edge in $(edges); do front_addresses+=("$(address "$edge" front)"); done

lines() { sed '/^$/d' <<<"$1" | wc -l; }
check "4053 is open between nodes" test "$(lines "$(from_cluster 4053 "${cluster_addresses[@]}")")" = 5
check "8080 of the edges is open from the front network" test "$(lines "$(from_front 8080 "${front_addresses[@]}")")" = 3
open=$(from_front 4053 "${front_addresses[@]}" "${cluster_addresses[@]}")
check "4053 is closed from the front network, on every address of every node ($open)" test -z "$open"

### More edges, fewer edges

# Waits until requests to nginx were answered by every edge there is.
all_edges_get_traffic() {
    local edge since
    since=$(date +%s)
    for _ in {1..50}; do
        answers "$front/health/ready" || return 1
    done
    docker logs --since "$since" "$(compose ps -q nginx)" >"$work/requests" 2>&1
    for edge in $(edges); do
        grep -qF " $(address "$edge" front):8080" "$work/requests" || return 1
    done
}

up 5 --no-recreate
check "two more edges become healthy while it runs" within 120 healthy 7
check "they get traffic from nginx" within 30 all_edges_get_traffic
check "what a viewer says on nginx or any of five edges, all see" chat

# Requests go on while two edges drain and go; not one may fail.
: >"$work/refused"
while sleep 0.1; do
    answers "$front/health/ready" || date +%T >>"$work/refused"
done &
requests=$!
up 3 --no-recreate
sleep 10
kill "$requests"
wait "$requests" || true
check "two edges go" healthy 5
check "no request fails meanwhile ($(wc -l <"$work/refused") did)" test ! -s "$work/refused"
check "what a viewer says on nginx or any remaining edge, all see" chat

### Stop

"$python" "$work/stay.py" "ws://127.0.0.1:$DANMAKU_PORT/" >"$work/stay" &
viewer=$!
within 10 grep -q connected "$work/stay"
containers=$(compose ps -q)
begun=$SECONDS
compose stop >/dev/null 2>&1
took=$((SECONDS - begun))
check "all stop within a minute ($took s)" test "$took" -lt 60
for container in $containers; do
    state=$(docker inspect -f '{{.Name}} ends with code {{.State.ExitCode}}' "$container")
    check "${state#/}" test "${state##* }" = 0
done
wait "$viewer" || true
check "a viewer on nginx is told to come back ($(tail -n 1 "$work/stay"))" grep -qx 1012 "$work/stay"

if ((failures > 0)); then
    echo "$failures checks failed."
    exit 1
fi
echo "All checks passed."
