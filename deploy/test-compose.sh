#!/usr/bin/env bash
# Tries docker-compose.yml with a running Docker Engine, as a project of its own on other ports and networks than the
# defaults, and removes it in the end:
#   deploy/test-compose.sh [--tls]
# With --tls it tries docker-compose.tls.yml on top of it, with certificates of its own; that needs openssl and minutes more.
# Needs Compose (2 or 1.29), curl and a Python with the package websockets (PYTHON, default python3). Takes some minutes.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

export COMPOSE_PROJECT_NAME=danmaku-test
export DANMAKU_NET=10.78 DANMAKU_PORT=18080 DANMAKU_EDGE_PORTS=18081-18090
export POSTGRES_PASSWORD="it's; a = \"b\"" # nobody has to quote anything
front=http://127.0.0.1:$DANMAKU_PORT
python=${PYTHON:-python3}
failures=0

tls=false
case $* in
    "") ;;
    --tls)
        tls=true
        export COMPOSE_FILE=docker-compose.yml:docker-compose.tls.yml
        ;;
    *) echo "usage: $0 [--tls]" >&2 && exit 2 ;;
esac

for tool in docker curl "$python"; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 2; }
done
docker info >/dev/null || exit 2
"$python" -c 'import websockets' || exit 2
work=$(mktemp -d)
logs=${TMPDIR:-/tmp}/danmaku-test-compose.log
alone=$COMPOSE_PROJECT_NAME-alone # a container and a volume beside the project's

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
        { compose logs --no-color; docker logs "$alone"; } >"$logs" 2>&1 || true
        echo "The containers' logs are in $logs."
    fi
    docker rm -f "$alone" >/dev/null 2>&1 || true
    docker volume rm "$alone" >/dev/null 2>&1 || true
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

if $tls; then
    export DANMAKU_CERTIFICATES=$work/certificates
    deploy/make-certificates.sh "$DANMAKU_CERTIFICATES" >/dev/null
fi
echo "Building and starting; the first build takes minutes."
up 3 --build
check "two origins and three edges become healthy" within 180 healthy 5

### Published ports

check "nginx forwards /health/ready" answers "$front/health/ready"
check "nginx forwards the page" answers "$front/"

# is_for_operators URL: nobody finds there what is for operators, however it is spelt.
is_for_operators() {
    local path
    for path in metrics METRICS metrics/ metrics/. ./metrics %6Detrics api/purge API/Purge/ api/./purge; do
        [[ $(curl -s -o /dev/null -w '%{http_code}' --path-as-is -X POST "$1/$path") == 404 ]] || { echo "$1/$path" && return 1; }
    done
}

check "nginx has no metrics and no purge" is_for_operators "$front"

ports=$(edge_ports)
check "three edges have three ports" test "$(sort -u <<<"$ports" | wc -l)" = 3
for port in $ports; do
    check "an edge answers on its own port $port, of $DANMAKU_EDGE_PORTS" \
        test "$port" -ge 18081 -a "$port" -le 18090 -a "$(curl -s "http://127.0.0.1:$port/health/ready" -o /dev/null -w '%{http_code}')" = 200
    check "there it has no metrics and no purge" is_for_operators "http://127.0.0.1:$port"
done

for node in $(nodes); do
    check "a node runs as a user other than root" test "$(docker exec "$node" id -u)" != 0
done
check "so does PostgreSQL" test "$(docker exec "$(compose ps -q postgres)" id -u)" != 0

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

cat >"$work/room.py" <<'PYTHON'
"""A viewer that speaks danmaku.v1.json. Prints danmaku as: epoch offset text.

room.py post URL COUNT              says something until all of it is durable, and shows it
room.py outage URL                  the same (prints "posting") until the store is away ("away"), meanwhile, and after it is back
room.py history URL [EPOCH OFFSET]  shows all, or what comes after that position, up to the newest of the current epoch, which must have
                                    one; fails when something is lost
"""
import asyncio, json, sys, uuid
import websockets

async def receive(viewer):
    return json.loads(await viewer.recv())

async def join(viewer, **fields):
    await viewer.send(json.dumps({"type": "join", **fields}))
    return await receive(viewer)

class Poster:
    """Sends again, with the same id, whatever has no place in the room yet."""

    def __init__(self, viewer):
        self.viewer, self.waiting, self.positions, self.not_durable = viewer, set(), {}, 0

    async def say(self, count):
        for _ in range(count):
            post_id = uuid.uuid4().hex
            self.waiting.add(post_id)
            await self.send(post_id, 0)

    async def send(self, post_id, wait):
        await asyncio.sleep(wait)
        await self.viewer.send(json.dumps({"type": "post", "id": post_id, "text": post_id}))

    async def hear(self):
        """One answer; it may be the second to the same post."""
        message = {}
        while message.get("type") not in ("ack", "reject", "unknown"):
            message = await receive(self.viewer)
        post_id = message["id"]
        if message["type"] == "unknown":
            await self.send(post_id, 0.5)
        elif message["type"] == "reject":
            assert message["reason"] in ("unavailable", "expired", "rate_limited"), message
            await self.send(post_id, message.get("retryAfter", 500) / 1000)
        else:
            assert self.positions.setdefault(post_id, message["position"]) == message["position"], message
            self.not_durable += not message["durable"]
            if message["durable"]:
                self.waiting.remove(post_id)

    async def all_durable(self):
        while self.waiting:
            await self.hear()

    def show(self):
        for position, text in sorted(((p["epoch"], p["offset"]), text) for text, p in self.positions.items()):
            print(*position, text)

async def post(viewer, count):
    await join(viewer, history=0)
    poster = Poster(viewer)
    await poster.say(int(count))
    await poster.all_durable()
    poster.show()

async def outage(viewer):
    await join(viewer, history=0)
    poster = Poster(viewer)
    await poster.say(1)
    await poster.all_durable()
    print("posting", flush=True)
    while not poster.not_durable:
        await poster.say(1)
        await poster.hear()
        await asyncio.sleep(0.3)
    print("away", flush=True)
    await poster.say(3)
    await poster.all_durable()
    meanwhile = poster.not_durable
    await poster.say(3)
    await poster.all_durable()
    assert poster.not_durable == meanwhile, "the store is back, but not for all"
    poster.show()

async def history(viewer, *after):
    fields = {"position": {"epoch": int(after[0]), "offset": int(after[1])}} if after else {"history": 200}
    welcome = await join(viewer, **fields)
    assert not welcome["lost"], welcome
    position, head = welcome["position"], welcome["head"]
    while position != head:
        message = await receive(viewer)
        if message["type"] == "batch":
            for offset, comment in enumerate(message["comments"], message["offset"]):
                position = {"epoch": message["epoch"], "offset": offset}
                print(message["epoch"], offset, comment["text"])

async def main(mode, url, *arguments):
    async with websockets.connect(url, subprotocols=["danmaku.v1.json"]) as viewer:
        await {"post": post, "outage": outage, "history": history}[mode](viewer, *arguments)

asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 90))
PYTHON

# shellcheck disable=SC2046 # one word for each port
chat() { "$python" "$work/chat.py" $(printf 'ws://127.0.0.1:%s/ ' "$DANMAKU_PORT" $(edge_ports)); }

check "what a viewer says on nginx or any edge, all see" chat

### Remoting

# PORT ADDRESS...: prints the addresses where something listens on the port, as seen from where it runs.
# shellcheck disable=SC2016 # for the bash in there
probe='for address in "${@:2}"; do timeout 2 bash -c "</dev/tcp/$address/$1" && echo "$address" & done 2>/dev/null; wait'
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

# What is for operators alone.
check "7080 is open between nodes" test "$(lines "$(from_cluster 7080 "${cluster_addresses[@]}")")" = 5
open=$(from_front 7080 "${front_addresses[@]}" "${cluster_addresses[@]}")
check "7080 is closed from the front network, on every address of every node ($open)" test -z "$open"
# shellcheck disable=SC2016 # for the bash in there
scrape='exec 3<>"/dev/tcp/$1/7080" && printf "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" >&3 && grep -m 1 "^danmaku_" <&3'
for address in "${cluster_addresses[@]}"; do
    check "there a node has its metrics" docker exec "$(compose ps -q origin-1)" bash -c "$scrape" - "$address"
done

if $tls; then
    # A node of the same network and without a certificate; it would be in the cluster within seconds.
    docker run -d --name "$alone" --network "${COMPOSE_PROJECT_NAME}_cluster" -e Danmaku__Roles=edge \
        -e "Danmaku__Cluster__Network=$DANMAKU_NET.0.0/24" -e "Danmaku__Cluster__Seeds=$DANMAKU_NET.0.11:4053" danmaku-node >/dev/null
    origin_says() { compose logs --no-color origin-1 | grep -F "$1"; }
    check "a node without a certificate is refused" within 60 origin_says "$(address "$alone" cluster) was refused: it does not speak TLS"
    docker rm -f "$alone" >/dev/null

    # Another authority, as docs/operations.md says.
    node_is_ready() { docker exec "$1" /app/Danmaku.Node health; }
    restart_all() {
        local node
        for node in $(edges) $(compose ps -q origin-1) $(compose ps -q origin-2); do
            docker restart -t 60 "$node" >/dev/null && within 120 node_is_ready "$node" || return 1
        done
        within 60 healthy 5
    }
    for change in add-authority "" drop-authority; do
        # shellcheck disable=SC2086 # no argument
        deploy/make-certificates.sh "$DANMAKU_CERTIFICATES" $change >/dev/null
        check "all come back healthy with ${change:-new certificates}" restart_all
        check "what a viewer says then on nginx or any edge, all see" chat
    done
fi

# from_nodes PORT ADDRESS CONTAINER...
from_nodes() {
    local node
    for node in "${@:3}"; do
        docker exec "$node" bash -c "$probe" - "$1" "$2" &
    done
    wait
}

database=$(address "$(compose ps -q postgres)" store)
# shellcheck disable=SC2046 # one word for each container
{
    check "5432 is open from the origins" \
        test "$(lines "$(from_nodes 5432 "$database" $(compose ps -q origin-1 origin-2))")" = 2
    check "5432 is closed from every edge and from the front network" \
        test -z "$(from_nodes 5432 "$database" $(edges))$(from_front 5432 "$database")"
    check "no edge knows the password" test -z "$(docker inspect -f '{{.Config.Env}}' $(edges) | grep -F "$POSTGRES_PASSWORD")"
}

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

### What was said stays

rooms=(kept-1 kept-2 kept-3 kept-4)

in_room() { "$python" "$work/room.py" "$1" "ws://127.0.0.1:$DANMAKU_PORT/ws/$2" "${@:3}"; }

# say NAME...: in all these rooms at the same time; $work/said-NAME is what a room has to have.
say() {
    local room pid pids=()
    for room in "$@"; do
        in_room post "$room" 5 >>"$work/said-$room" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || return 1; done
}

# All of it at its old positions, and all that follows the first of it.
is_there() {
    local room first
    for room in "$@"; do
        in_room history "$room" | diff "$work/said-$room" - || return 1
        read -r -a first <"$work/said-$room"
        in_room history "$room" "${first[@]:0:2}" | diff <(tail -n +2 "$work/said-$room") - || return 1
    done
}

# Prints the origin that has most of the rooms.
busiest_origin() {
    curl -s "$front/api/cluster" | "$python" -c '
import json, sys
origins = [member for member in json.load(sys.stdin)["members"] if "origin" in member["roles"]]
assert sum(member["rooms"] for member in origins) > 4, origins
print(max(origins, key=lambda member: member["rooms"])["name"])'
}

check "danmaku are durable" say "${rooms[@]}"
check "a viewer that joins gets them" is_there "${rooms[@]}"

check "an origin has rooms" within 15 busiest_origin
killed=$(tail -n 1 "$work/output")
docker kill -s KILL "$(compose ps -q "$killed")" >/dev/null
check "danmaku are durable after $killed was killed" say "${rooms[@]}"
check "a viewer that joins gets those from before, too" is_there "${rooms[@]}"

in_room outage away >"$work/outage" 2>&1 &
poster=$!
poster_ends() { wait "$poster" || { cat "$work/outage" && return 1; }; }
within 20 grep -q posting "$work/outage" || fail "danmaku are durable"
compose kill -s KILL postgres >/dev/null 2>&1
check "without PostgreSQL danmaku go on and are not durable" within 20 grep -q away "$work/outage"
compose start postgres >/dev/null 2>&1
check "with it they become durable, and new ones are at once" poster_ends
grep -vx -e posting -e away "$work/outage" >"$work/said-away"
check "a viewer that joins gets them all" is_there away

compose kill -s KILL >/dev/null 2>&1
up 3 --no-recreate
check "all become healthy after all were killed" within 180 healthy 5
check "danmaku are durable after all were killed" say "${rooms[@]}" away
check "a viewer that joins gets those from before, too" is_there "${rooms[@]}" away

### One container, with SQLite

docker run -d --name "$alone" -v "$alone:/data" -p 127.0.0.1::8080 danmaku-node >/dev/null
alone_port() { docker port "$alone" 8080/tcp | sed 's/.*://'; }
alone_is_ready() { answers "http://127.0.0.1:$(alone_port)/health/ready"; }
in_alone() { "$python" "$work/room.py" "$1" "ws://127.0.0.1:$(alone_port)/ws/kept" "${@:2}"; }
alone_says() { in_alone post 5 >>"$work/said-alone"; }
alone_has_all() { in_alone history | diff "$work/said-alone" -; }
check "a container alone is ready" within 60 alone_is_ready
check "danmaku are durable in it" alone_says
docker kill -s KILL "$alone" >/dev/null
docker start "$alone" >/dev/null
check "it is ready after it was killed" within 60 alone_is_ready
check "danmaku are durable" alone_says
check "a viewer that joins gets those from before, too" alone_has_all

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
