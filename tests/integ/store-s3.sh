#!/bin/bash
# A repository in S3, on a double that checks signatures by its own reading of the rules: round
# trip, restic and curl on the same double, keys, clocks and buckets that are wrong, faults, TLS,
# and a server that dies.
# timeout: 900
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
restic=$(restic_peers_old || restic_peers_new) || restic=
port=$(stores_free_port)
stores_source 4
stores_s3 "$T/files" "$port" --page 3
export AWS_ACCESS_KEY_ID=AKIDDOUBLE AWS_SECRET_ACCESS_KEY='secret/of+the double'
unset AWS_DEFAULT_REGION AWS_REGION AWS_SESSION_TOKEN
host=127.0.0.1:$port

# The double itself: curl's signatures pass, wrong ones do not.
signed() {
	curl -s -o "$T/body" -w '%{http_code}' --aws-sigv4 aws:amz:us-east-1:s3 --user "$1" \
		-H "x-amz-content-sha256: $(printf %s "${4:-}" | sha256sum | cut -d ' ' -f 1)" \
		-X "$2" ${4:+--data-binary "$4"} "http://$host$3"
}
login=$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY
[ "$(signed "$login" PUT /of-curl)" = 200 ] || backup_die "curl's bucket: $(cat "$T/body")"
[ "$(signed "$login" PUT '/of-curl/a%20b' content)" = 200 ] || backup_die "curl's object: $(cat "$T/body")"
[ "$(cat "$T/files/of-curl/a b")" = content ] || backup_die "curl's object differs"
[ "$(signed "$login" GET '/of-curl?list-type=2&prefix=a')" = 200 ] || backup_die "curl's list: $(cat "$T/body")"
[ "$(signed AKIDDOUBLE:wrong GET /of-curl)" = 403 ] || backup_die "the double takes any signature"
echo "ok: the double agrees with curl"

export RESTIC_REPOSITORY="s3:http://$host/bucket/pre/f ix"
RESTIC_REPOSITORY=s3:http://$host/of-curl expect 10 'none at this place' "$NB" snapshots
expect 10 'there is no bucket bucket' "$NB" snapshots
stores_round ''
[ -f "$T/files/bucket/pre/f ix/config" ] || backup_die "not where it should be"
RESTIC_REPOSITORY="$T/files/bucket/pre/f ix" "$NB" check -q || backup_die "the layout is another"
[ -z "$restic" ] || RESTIC_REPOSITORY="$T/files/bucket/pre/f ix" stores_restic_check "$restic"
export RESTIC_REPOSITORY=s3:http://$host/bucket/plain
"$NB" init -q || backup_die "init at a plain prefix"
"$NB" backup -q "$T/src" || backup_die "backup at a plain prefix"
[ -z "$restic" ] || stores_restic_check "$restic"
"$NB" -r "s3:http://localhost:$port/bucket/plain" -o s3.bucket-lookup=dns check -q ||
	backup_die "the bucket in the host's name"
echo "ok: round trip"

expect 1 'set AWS_ACCESS_KEY_ID and' env -u AWS_ACCESS_KEY_ID "$NB" snapshots
expect 1 'does not know the key' env AWS_ACCESS_KEY_ID=other "$NB" snapshots
expect 1 'AWS_SECRET_ACCESS_KEY does not fit' env AWS_SECRET_ACCESS_KEY=hidden-word "$NB" snapshots
expect 1 'is in region us-east-1, not eu-x; set' env AWS_DEFAULT_REGION=eu-x "$NB" snapshots
expect 1 'AWS_SESSION_TOKEN is wrong' env AWS_ACCESS_KEY_ID=AKIDSESSION \
	AWS_SECRET_ACCESS_KEY=other+secret AWS_SESSION_TOKEN=no "$NB" snapshots
AWS_ACCESS_KEY_ID=AKIDSESSION AWS_SECRET_ACCESS_KEY=other+secret AWS_SESSION_TOKEN=the-token \
	"$NB" snapshots -q || backup_die "a session's token"
expect 1 'names no bucket' "$NB" -r "s3:http://$host/" snapshots
expect 1 'keys go into' "$NB" -r "s3:http://user:hidden-word@$host/bucket" snapshots
stores_heal stores_s3 "$T/files" "$port"
echo "ok: keys, buckets; healed"
stores_gone stores_s3 "$T/files" "$port"
echo "ok: gone and back"
stores_kill

stores_s3 "$T/files" "$port" --skew 3600
expect 1 'clock of this machine and that of .* differ by 3[56]' "$NB" snapshots
stores_kill
echo "ok: clock"

# Each fault hits every seventh request; none may be seen from outside.
for fault in slow-down reset internal half; do
	head -c 9000000 /dev/urandom >"$T/src/$fault"
	stores_s3 "$T/files" "$port" --fault "$fault" --fault-every 7
	"$NB" --no-cache backup -q "$T/src" || backup_die "$fault: backup"
	"$NB" --no-cache check -q --read-data || backup_die "$fault: check"
	stores_kill
	[ -z "$(ls "$T/files/bucket/plain/locks")" ] || backup_die "$fault: locks were left"
done
echo "ok: faults heal"

# TLS: a certificate that nobody signed is refused at once, and trusted when told.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=double \
	-addext 'subjectAltName=IP:127.0.0.1' -keyout "$T/key.pem" -out "$T/cert.pem" 2>/dev/null
cat "$T/key.pem" "$T/cert.pem" >"$T/both.pem"
stores_s3 "$T/files" "$port" --cert "$T/both.pem"
started=$SECONDS
expect 1 'no secure connection' "$NB" -r "s3:https://$host/bucket/plain" snapshots
[ $((SECONDS - started)) -le 10 ] || backup_die "a wrong certificate was not told at once"
"$NB" -r "s3:$host/bucket/plain" --cacert "$T/cert.pem" check -q || backup_die "--cacert"
SSL_CERT_FILE=$T/cert.pem "$NB" -r "s3://$host/bucket/plain" snapshots -q || backup_die "SSL_CERT_FILE"
expect 1 'secure connection\|certificate' "$NB" --cacert "$T/key.pem" -r "s3:$host/bucket/plain" snapshots
stores_kill
expect 1 'no such host is known' "$NB" -r s3:nowhere.invalid/bucket snapshots
echo "ok: TLS"
exit 0
