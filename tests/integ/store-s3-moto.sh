#!/bin/bash
# A repository in S3 on moto, a double that others wrote: whole round with forget and prune,
# another region, restic beside us; and all of it with signatures checked by AWS's own library.
# timeout: 600
# parallel: yes
. "$SRC/tests/integ/stores/stores.bash"
. "$SRC/ci/lib/s3-peer.sh"
[ "$(id -u)" = 0 ] || stores_skip "needs root, for a chroot"
moto=$(s3_peer_root) || stores_skip "no moto here"
port=$(stores_free_port)
host=127.0.0.1:$port
export AWS_ACCESS_KEY_ID=AKIDMOTO AWS_SECRET_ACCESS_KEY=any
unset AWS_DEFAULT_REGION AWS_REGION AWS_SESSION_TOKEN
# start REQUESTS [-m moto.server]: after so many the keys are checked; over the bytes that were
# sent, or with -m moto.server as moto does it alone.
start() {
	local requests=$1
	shift
	[ $# -gt 0 ] || set -- -c "$(cat "$SRC/tests/integ/stores/moto-raw.py")"
	INITIAL_NO_AUTH_ACTION_COUNT=$requests chroot "$moto" /usr/bin/python3 -B "$@" \
		-H 127.0.0.1 -p "$port" >>"$T/server.log" 2>&1 &
	server=$!
	stores_wait_port "$port"
}

start 1000000000 -m moto.server
stores_source 3
export RESTIC_REPOSITORY=s3:http://$host/bucket/pre/fix
expect 10 'there is no bucket bucket' "$NB" snapshots
stores_round ''
expect 10 'none at this place' "$NB" -r "s3:http://$host/bucket/other" snapshots
rm "$T/src"/large-1
"$NB" backup -q "$T/src" || backup_die "backup"
"$NB" forget -q --keep-last 1 --prune || backup_die "forget --prune"
"$NB" check -q --read-data || backup_die "check after prune"
[ "$("$NB" snapshots --json | jq length)" = 1 ] || backup_die "not one snapshot"
"$NB" restore -q latest --target "$T/out" || backup_die "restore after prune"
diff -r "$T/src" "$T/out$T/src" || backup_die "the files differ after prune"
rm -rf "$T/out"
[ "$("$NB" list packs | wc -l)" -ge 1 ] || backup_die "no packs are listed"
echo "ok: round trip"

for restic in "$(restic_peers_old)" "$(restic_peers_new)"; do
	[ -z "$restic" ] || stores_both "$restic"
done
echo "ok: restic"

# A bucket in another region must be named there; moto refuses it otherwise.
AWS_DEFAULT_REGION=eu-west-1 "$NB" -r "s3:http://$host/abroad/x" init -q || backup_die "init in eu-west-1"
curl -s --aws-sigv4 aws:amz:us-east-1:s3 --user a:b "http://$host/abroad?location" >"$T/body"
grep -q '>eu-west-1<' "$T/body" || backup_die "the bucket is elsewhere: $(cat "$T/body")"
stores_kill
echo "ok: region"

# Keys: three calls are free, to make a user with a key; then signatures count.
iam() {
	curl -s --aws-sigv4 aws:amz:us-east-1:iam --user a:b "http://$host/" -d Version=2010-05-08 \
		-d UserName=box "$@"
}
make_user() {
	iam -d Action=CreateUser >/dev/null
	iam -d Action=CreateAccessKey >"$T/body"
	iam -d Action=PutUserPolicy -d PolicyName=all --data-urlencode \
		'PolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}' >/dev/null
	AWS_ACCESS_KEY_ID=$(sed -n 's|.*<AccessKeyId>\(.*\)</AccessKeyId>.*|\1|p' "$T/body")
	AWS_SECRET_ACCESS_KEY=$(sed -n 's|.*<SecretAccessKey>\(.*\)</SecretAccessKey>.*|\1|p' "$T/body")
	[ -n "$AWS_SECRET_ACCESS_KEY" ] || backup_die "no key: $(cat "$T/body")"
}
# listed PREFIX: the status that curl gets for a listing, signed as it stands there.
listed() {
	curl -s -o "$T/body" -w '%{http_code}' --aws-sigv4 aws:amz:us-east-1:s3 \
		--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-content-sha256: $(
			printf '' | sha256sum | cut -d ' ' -f 1)" "http://$host/bucket?list-type=2&prefix=$1"
}
start 3
make_user
expect 10 'there is no bucket bucket' "$NB" snapshots
expect 1 'AWS_SECRET_ACCESS_KEY does not fit' env AWS_SECRET_ACCESS_KEY=hidden-word "$NB" snapshots
expect 1 'does not know the key' env AWS_ACCESS_KEY_ID=AKIDOTHER "$NB" snapshots
# AWS's own library agrees with every signature of ours, of curl and of restic: of objects,
# listings in pages, names that must be encoded.
export RESTIC_REPOSITORY="s3:http://$host/bucket/pre/f ix"
rm -rf "$T/out"
stores_round ''
[ "$(listed pre%2Ff%20ix%2Flocks%2F)" = 200 ] || backup_die "curl's listing: $(cat "$T/body")"
AWS_SECRET_ACCESS_KEY=other listed pre%2F >"$T/stdout"
[ "$(cat "$T/stdout")" = 403 ] || backup_die "any signature passes for a listing"
export RESTIC_REPOSITORY=s3:http://$host/bucket/plain
"$NB" init -q || backup_die "init with keys"
peer=$(restic_peers_new || restic_peers_old) || peer=
[ -z "$peer" ] || stores_both "$peer"
"$NB" forget -q --keep-last 1 --prune || backup_die "forget --prune with keys"
stores_kill
echo "ok: keys"
exit 0
