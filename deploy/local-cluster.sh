#!/usr/bin/env bash
# One origin and N edges as processes on loopback, until Ctrl-C:
#   deploy/local-cluster.sh [--no-build] [N]
# The origin has HTTP port 8080, port 7080 for operators and remoting port 4053, edge i has 8080 + i, 7080 + i and 4053 + i. Data is temporary, logs stay.
# With DANMAKU_CERTIFICATES, a directory of make-certificates.sh, nodes talk with TLS.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=$root/Danmaku.Node/bin/Release/net10.0
http=8080
operators=7080
remoting=4053
seconds_to_be_ready=60
seconds_to_stop=60 # more than a node takes at most (HostOptions.ShutdownTimeout)

# Ours go to 3, since what bash itself says on 2 about children that were killed would drown them, see below.
exec 3>&2
complain() { echo "local-cluster: $*" >&3; }

fail() {
    complain "$*"
    exit 1
}

build=true
edges=2
for argument in "$@"; do
    case $argument in
        --no-build) build=false ;;
        [1-9] | [1-9][0-9]) edges=$argument ;;
        *) fail "usage: $0 [--no-build] [number of edges, 1 to 99, default 2]" ;;
    esac
done

# Node 0 is the origin, the others are edges; pid 0: does not run.
names=(origin)
pids=(0)
edge_nodes=()
for ((i = 1; i <= edges; i++)); do
    names[i]=edge-$i
    pids[i]=0
    edge_nodes+=("$i")
done

start() {
    local role=edge
    (($1 > 0)) || role=origin
    local tls=() files=${DANMAKU_CERTIFICATES:+$DANMAKU_CERTIFICATES/$role}
    [[ -z $files ]] || tls=(--Danmaku:Cluster:Tls:{Certificate="$files/node.pem",Key="$files/node-key.pem",CertificateAuthority="$files/authority.pem"})
    # In a process group of its own: Ctrl-C is for this script, which stops the nodes in order.
    set -m
    local url=http://127.0.0.1:$((http + $1))
    "$bin/Danmaku.Node" --urls "$url" --Danmaku:PublicUrl="$url" \
        --Danmaku:Operator:Urls="http://127.0.0.1:$((operators + $1))" \
        --Danmaku:Roles="$role" \
        --Danmaku:NodeName="${names[$1]}" \
        --Danmaku:DataDirectory="$work/data/${names[$1]}" \
        --Danmaku:Cluster:Port="$((remoting + $1))" \
        --Danmaku:Cluster:Seeds="127.0.0.1:$remoting" \
        ${tls[@]+"${tls[@]}"} \
        </dev/null >"$work/logs/${names[$1]}.log" 2>&1 3>&- &
    pids[$1]=$!
    set +m
}

started() { ((pids[$1] > 0)); }

running() { started "$1" && kill -0 "${pids[$1]}"; }

# Takes leave of a node that started and runs no more: $code is how it ended, $end says it.
reap() {
    code=0
    wait "${pids[$1]}" || code=$?
    pids[$1]=0
    end="${names[$1]} ended with code $code, see $work/logs/${names[$1]}.log"
}

stop() {
    local node deadline=$((SECONDS + seconds_to_stop))
    for node in "$@"; do
        if running "$node"; then
            kill -TERM "${pids[node]}" || true
        fi
    done
    for node in "$@"; do
        started "$node" || continue
        while running "$node" && ((SECONDS < deadline)); do
            sleep 0.1
        done
        if running "$node"; then
            kill -KILL "${pids[node]}" || true
        fi
        reap "$node"
        if ((code != 0 && result == 0)); then
            complain "$end"
            result=1
        fi
    done
}

finish() {
    result=$?
    trap '' INT TERM HUP
    # Edges first: what their viewers still say while they drain has an origin to go to.
    stop "${edge_nodes[@]}"
    stop 0
    rm -rf "$work/data"
    exit "$result"
}

taken() { (exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

ready() {
    (
        exec 4<>"/dev/tcp/127.0.0.1/$1" || exit
        printf 'GET /health/ready HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&4
        read -r -t 5 status <&4 && [[ $status == *" 200"* ]]
    )
}

for node in 0 "${edge_nodes[@]}"; do
    for port in $((http + node)) $((operators + node)) $((remoting + node)); do
        ! taken "$port" || fail "port $port for ${names[node]} is taken"
    done
done

if $build; then
    dotnet build "$root/Danmaku.Node" -c Release --nologo -v quiet -clp:NoSummary || fail "the build failed"
fi
[[ -x $bin/Danmaku.Node ]] || fail "$bin/Danmaku.Node is not there; run without --no-build"

work=$(mktemp -d "${TMPDIR:-/tmp}/danmaku-cluster.XXXXXX")
mkdir "$work/data" "$work/logs"
exec 2>/dev/null # from here on only bash itself would write there
trap finish EXIT
trap 'echo "Stopping …"; exit 0' INT TERM HUP

for node in 0 "${edge_nodes[@]}"; do
    start "$node"
done

deadline=$((SECONDS + seconds_to_be_ready))
for node in 0 "${edge_nodes[@]}"; do
    until ready $((http + node)); do
        if ! running "$node"; then
            reap "$node"
            fail "before it was ready, $end"
        fi
        ((SECONDS < deadline)) || fail "${names[node]} is not ready after $seconds_to_be_ready s, see $work/logs"
        sleep 0.2
    done
done

for node in 0 "${edge_nodes[@]}"; do
    printf '%-8s http://127.0.0.1:%d/\n' "${names[node]}" $((http + node))
done
echo "Logs are in $work/logs. Ctrl-C stops all."

# A node may be killed to see what the others do; the rest goes on.
while sleep 1; do
    left=0
    for node in 0 "${edge_nodes[@]}"; do
        if running "$node"; then
            left=$((left + 1))
        elif started "$node"; then
            reap "$node"
            complain "$end"
        fi
    done
    ((left > 0)) || fail "no node is left"
done
