#!/usr/bin/env bash
# Makes what nodes show each other (Danmaku:Cluster:Tls): an authority, and a certificate for the origins and one for the edges.
#   deploy/make-certificates.sh [DIRECTORY]                  the certificates, and before the first time the authority
#   deploy/make-certificates.sh [DIRECTORY] add-authority    a new authority; nodes trust both, and keep their certificates
#   deploy/make-certificates.sh [DIRECTORY] drop-authority   nodes trust the newest authority alone
# DIRECTORY is deploy/certificates by default; DAYS (365) is how long certificates are valid. docs/operations.md says when to do what.
# Needs openssl, 1.1.1 or newer.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
usage() {
    echo "usage: $0 [DIRECTORY] [add-authority | drop-authority]" >&2
    exit 2
}

directory=
command=
for argument in "$@"; do
    case $argument in
        add-authority | drop-authority)
            [[ -z $command ]] || usage
            command=$argument
            ;;
        -* | "") usage ;;
        *)
            [[ -z $directory ]] || usage
            directory=$argument
            ;;
    esac
done
directory=${directory:-$root/deploy/certificates}
command=${command:-renew}
roles=(origin edge)

# Only its owner gets in. What containers have of it is mounted, which goes past this: their user, another one, must be able to read it.
umask 022
mkdir -p "$directory"
chmod 700 "$directory"
cd "$directory"
work=$(mktemp -d "$PWD/new.XXXXXX")
trap 'rm -rf "$work"' EXIT

cat >"$work/config" <<'CONFIG'
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[node]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONFIG

new_key() { openssl ecparam -genkey -name prime256v1 -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

new_authority() {
    new_key "$work/authority-key.pem"
    chmod 600 "$work/authority-key.pem"
    openssl req -x509 -new -sha256 -key "$work/authority-key.pem" -days 3650 -subj "/CN=danmaku nodes $(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        -config "$work/config" -extensions authority -out "$work/authority.pem"
    mv "$work/authority-key.pem" "$work/authority.pem" .
}

# trust FILE...: what nodes trust from now on.
trust() {
    local role
    for role in "${roles[@]}"; do
        mkdir -p "$role"
        cat "$@" >"$work/authorities"
        mv "$work/authorities" "$role/authority.pem"
    done
}

# comes_from FILE: whether all nodes' certificates do.
comes_from() {
    local role
    for role in "${roles[@]}"; do
        openssl verify -CAfile "$1" "$role/node.pem" >/dev/null 2>&1 || return 1
    done
}

if [[ $command != renew && ! -e authority-key.pem ]]; then
    echo "there is no authority in $directory yet" >&2
    exit 1
fi
case $command in
    renew)
        if [[ ! -e authority-key.pem ]]; then
            new_authority
            trust authority.pem
        fi
        for role in "${roles[@]}"; do
            new_key "$work/key"
            openssl req -new -sha256 -key "$work/key" -subj "/CN=danmaku $role" -config "$work/config" -out "$work/request"
            openssl x509 -req -sha256 -in "$work/request" -days "${DAYS:-365}" -CA authority.pem -CAkey authority-key.pem \
                -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/config" -extensions node -out "$work/certificate" 2>/dev/null
            chmod 644 "$work/key"
            mv "$work/key" "$role/node-key.pem"
            mv "$work/certificate" "$role/node.pem"
        done
        ;;
    add-authority)
        cp authority.pem "$work/old.pem"
        new_authority
        trust authority.pem "$work/old.pem"
        ;;
    drop-authority)
        if ! comes_from authority.pem; then
            echo "the certificates in $directory come from the old authority: make new ones, restart all nodes, and come back" >&2
            exit 1
        fi
        trust authority.pem
        ;;
esac

for role in "${roles[@]}"; do
    echo "$directory/$role/node.pem: $(openssl x509 -in "$role/node.pem" -noout -enddate | sed 's/notAfter=/valid until /')"
done
