#include "backup/absent.h"

#include "base/i18n.h"

/* tests/integ/backup-known.sh holds restic's own help against this. */
const struct verb_absent absent_table[] = {
	{"mount", N_("'restic mount' shows the same repository as a folder; or see 'restore' and "
		     "'dump'")},
	{"rewrite", N_("'restic rewrite' does this on the same repository")},
	{"recover", N_("'restic recover' does this on the same repository; see also 'repair'")},
	{"migrate", N_("'restic migrate' does this on the same repository")},
	{"self-update", N_("new versions come with the packages of the system")},
	{"generate", N_("the manual and what completes words in a shell are installed with it")},
	{"features", N_("there is nothing to switch on or off")},
	{"options", N_("the manual lists what -o takes")},
	{"--insecure-tls", N_("nothing turns the proof of identity off; name the server's "
			      "certificate with --cacert")},
	{"--insecure-no-password", N_("nothing turns encryption off; put a password into a file "
				      "for --password-file")},
	{"--from-insecure-no-password",
		N_("a repository without a password can't be read here; 'restic key add' gives it "
		   "one")},
	{"--new-insecure-no-password", N_("nothing turns encryption off; put a password into a "
					  "file for --new-password-file")},
	{"--no-extra-verify", N_("what is stored is always verified first")},
	{"--pack-size", N_("it finds its value itself; leave it out")},
	{"--read-concurrency", N_("it finds its value itself; leave it out")},
	{"--stuck-request-timeout", N_("say how long to wait with -o net.timeout=TIME")},
	{"--http-user-agent", N_("it can't be changed; leave it out")},
	{"--unsafe-recover-no-free-space",
		N_("prune removes nothing before its index is stored; free some space first")},
	{0},
};
