#!/usr/bin/env bash
# Makes every secret that compose.yaml wants, each a file of its own. What is there already stays as it is.
#   deploy/secrets.sh [DIRECTORY]      deploy/secrets, if none is named
# Needs openssl, and whatisupd (WHATISUPD names it; otherwise the image whatisup) for the master key.
set -euo pipefail
directory=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$directory"
# The directory keeps others on this machine out. The files can be read by everybody who gets in: containers, each as a user
# of its own, see those alone that are mounted for them.
chmod 0700 "$directory"

secret() { # name, command that prints it
  local file="$directory/$1"; shift
  [ -s "$file" ] && return
  "$@" >"$file.new"
  chmod 0444 "$file.new"
  mv "$file.new" "$file"
}

password() { openssl rand -hex 24; }

master_key() {
  local made; made=$(mktemp -d)
  if [ -n "${WHATISUPD:-$(command -v whatisupd || true)}" ]; then
    "${WHATISUPD:-whatisupd}" vault new-key "$made/key" >&2
  else
    docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$made:/made" whatisup vault new-key /made/key >&2
  fi
  cat "$made/key"
  rm -rf "$made"
}

# What workers may do: read and write below their prefix, run scripts, ask for the time. Nobody else may do anything but ask
# whether it lives. Only the hash of the password is written here.
redis_users() {
  local hash; hash=$(tr -d '\n' <"$directory/redis_password" | openssl dgst -sha256 -r | cut -d' ' -f1)
  echo "user default on nopass resetkeys resetchannels -@all +ping"
  echo "user whatisup on #$hash resetchannels ~whatisup:* -@all +@read +@write +@connection +@transaction +@scripting +time -@dangerous -@admin"
}

# Good for a try. Put the certificate and the key of your own name into tls.pem instead.
certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 825 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$directory/.key" -out "$directory/.crt" 2>/dev/null
  cat "$directory/.crt" "$directory/.key"
  rm -f "$directory/.key" "$directory/.crt"
}

secret postgres_admin_password password
secret postgres_password password
secret redis_password password
secret redis_users redis_users
secret tls.pem certificate
secret tls.crt openssl x509 -in "$directory/tls.pem"
secret master_key master_key
echo "secrets: $directory. Keep a copy of master_key apart from every backup: without it, nothing can be opened again."
