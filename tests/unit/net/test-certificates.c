#include "net/certificates.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"

#include "../check_dir.h"
#include "../unit.h"

#define BLOCK(word) "-----BEGIN " word "-----\nAAAA\n-----END " word "-----\n"

static const struct {
	const char *text;
	int r;
	const char *says;
} clients[] = {
	{BLOCK("CERTIFICATE") BLOCK("PRIVATE KEY"), 0, NULL},
	{"in words\n" BLOCK("EC PRIVATE KEY") BLOCK("CERTIFICATE") BLOCK("CERTIFICATE"), 0, NULL},
	{"", -EINVAL, "no certificate"},
	{BLOCK("RSA PRIVATE KEY"), -EINVAL, "no certificate"},
	{BLOCK("CERTIFICATE"), -EINVAL, "no private key"},
	{BLOCK("CERTIFICATE") "-----BEGIN PRIVATE KEY", -EINVAL, "no private key"},
	{BLOCK("CERTIFICATE") BLOCK("PRIVATE KEY") BLOCK("EC PRIVATE KEY"), -EINVAL,
		"more than one private key"},
	{BLOCK("CERTIFICATE") BLOCK("ENCRYPTED PRIVATE KEY"), -EINVAL, "with a password"},
	{BLOCK("CERTIFICATE") "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", -EINVAL,
		"with a password"},
};

START_TEST(client)
{
	cleanup_free char *path = str_printf("%s/client", check_dir);
	struct certificates certificates;
	struct err err = ERR_INIT;

	ck_assert_int_eq(file_replace(AT_FDCWD, path, clients[_i].text, strlen(clients[_i].text),
				 0600, &err),
		0);
	ck_assert_int_eq(certificates_read("", path, &certificates, &err), clients[_i].r);
	ck_assert_ptr_null(certificates.roots);
	if (clients[_i].says)
		ck_assert_msg(strstr(err.text, clients[_i].says), "%s", err.text);
	else
		ck_assert_str_eq(certificates.client, clients[_i].text);
	certificates_done(&certificates);
}
END_TEST

START_TEST(roots)
{
	cleanup_free char *path = str_printf("%s/root", check_dir),
			  *twice = str_printf("%s,%s", path, path),
			  *missing = str_printf("%s,", path);
	static const char text[] = BLOCK("CERTIFICATE");
	struct certificates certificates;
	struct err err = ERR_INIT;

	ck_assert_int_eq(file_replace(AT_FDCWD, path, text, strlen(text), 0600, &err), 0);
	ck_assert_int_eq(certificates_read(twice, NULL, &certificates, &err), 0);
	ck_assert_str_eq(certificates.roots, BLOCK("CERTIFICATE") "\n" BLOCK("CERTIFICATE") "\n");
	ck_assert_ptr_null(certificates.client);
	certificates_done(&certificates);
	ck_assert_int_eq(certificates_read(missing, NULL, &certificates, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	certificates_done(&certificates);
	ck_assert_int_eq(certificates_read(NULL, NULL, &certificates, &err), 0);
	certificates_done(&certificates);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("certificates");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_loop_test(tcase, client, 0, COUNT(clients));
	tcase_add_test(tcase, roots);
	return unit_main("certificates", tcase);
}
