#!/bin/bash
# restic's REST server behind TLS that demands a client certificate: --tls-client-cert and --cacert
# as restic has them, restic beside us with the same files, and each mistake is told at once.
# timeout: 200
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
rest_server=$(restic_peers_server) || stores_skip "no restic-rest-server here"
restic=$(restic_peers_new) || restic=
unset RESTIC_TLS_CLIENT_CERT
cd "$T" || exit 1
mkdir files src
echo one >src/one

# authority NAME: a root. issue NAME ROOT: a certificate and its key, by that root.
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$1.key" -out "$1.pem" 2>/dev/null
}
issue() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
		-keyout "$1.key" -out "$1.csr" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 \
		-extfile <(echo "subjectAltName=IP:127.0.0.1") -out "$1.pem" 2>/dev/null
	cat "$1.pem" "$1.key" >"$1.both"
}
authority root
authority other
issue server root
issue client root
issue stranger other

back=$(stores_free_port)
port=$(stores_free_port)
stores_rest "$T/files" "$back" --no-auth
# front OPTION...: the front with TLS.
front() {
	"$SRC/tests/integ/stores/tls-front" "$port" "$back" server.pem server.key root.pem "$@" \
		2>>"$T/server.log" &
	others+=($!)
	stores_wait_port "$port"
}
front
export RESTIC_REPOSITORY=rest:https://127.0.0.1:$port/repo
"$NB" --cacert root.pem --tls-client-cert client.both init -q || backup_die "init"
"$NB" --cacert root.pem --tls-client-cert client.both backup -q src || backup_die "backup"
RESTIC_CACERT=root.pem RESTIC_TLS_CLIENT_CERT=client.both "$NB" check -q --read-data ||
	backup_die "the environment"
# The key may stand first, and several roots may be given.
cat client.key client.pem other.pem >turned
"$NB" --cacert other.pem,root.pem --tls-client-cert turned snapshots -q >out || backup_die "several"
if [ -n "$restic" ]; then
	"$restic" --no-cache --cacert root.pem --tls-client-cert client.both check -q --read-data ||
		backup_die "restic over the same front"
	RESTIC_CACERT=other.pem,root.pem RESTIC_TLS_CLIENT_CERT=client.both \
		"$restic" --no-cache snapshots -q >/dev/null || backup_die "restic by the environment"
fi
echo "ok: both ways in"

# Mistakes are told at once, not tried again for minutes.
started=$SECONDS
expect 1 'secure connection.*certificate' "$NB" --tls-client-cert client.both snapshots
expect 1 'secure connection.*certificate' "$NB" --cacert other.pem --tls-client-cert client.both snapshots
expect 1 'tls-client-cert' "$NB" --cacert root.pem snapshots
expect 1 'tls-client-cert' "$NB" --cacert root.pem --tls-client-cert stranger.both snapshots
expect 1 'No such file' "$NB" --cacert root.pem --tls-client-cert nothing snapshots
expect 1 'No such file' "$NB" --cacert root.pem,nothing --tls-client-cert client.both snapshots
expect 1 'has none (in PEM)' "$NB" --cacert client.key --tls-client-cert client.both snapshots
expect 1 'no private key' "$NB" --cacert root.pem --tls-client-cert client.pem snapshots
expect 1 'has no certificate' "$NB" --cacert root.pem --tls-client-cert client.key snapshots
cat client.both stranger.key >two
expect 1 'more than one private key' "$NB" --cacert root.pem --tls-client-cert two snapshots
cat client.pem stranger.key >wrong
expect 1 'secure connection' "$NB" --cacert root.pem --tls-client-cert wrong snapshots
openssl ec -in client.key -aes128 -passout pass:hidden-word -out closed.key 2>/dev/null
openssl pkcs8 -topk8 -in client.key -passout pass:hidden-word -out closed8.key
for key in closed.key closed8.key; do
	cat client.pem $key >closed
	expect 1 'key with a password' "$NB" --cacert root.pem --tls-client-cert closed snapshots
done
[ $((SECONDS - started)) -le 30 ] || backup_die "mistakes took $((SECONDS - started)) s"
echo "ok: mistakes are told"

# Older TLS refuses in the middle of the greeting instead of behind it.
kill "${others[0]}"
wait "${others[0]}" 2>/dev/null
front 1.2
"$NB" --cacert root.pem --tls-client-cert client.both snapshots -q >out || backup_die "TLS 1.2"
expect 1 'tls-client-cert' "$NB" --cacert root.pem snapshots
echo "ok: TLS 1.2"
exit 0
