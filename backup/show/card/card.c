#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/common/common.h"
#include "backup/show/card/words.h"
#include "backup/show/show.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/i18n.h"
#include "qr/qr.h"

#define CARD_MAX (4u << 20) /* bytes */

static const char *arg_target, *arg_language;
static bool arg_html, arg_show_password;

static const struct verb_option options[] = {
	{.long_name = "html",
		.help = N_("one page to be printed, with a QR code; nothing else is loaded"),
		.flag = &arg_html},
	{.long_name = "target",
		.short_name = 't',
		.argument = N_("FILE"),
		.help = N_("write to this file, which only its owner can read"),
		.text = &arg_target},
	{.long_name = "language",
		.argument = N_("LANGUAGE"),
		.help = N_("es or en (default: both)"),
		.text = &arg_language},
	{.long_name = "show-password",
		.help = N_("put the password on the card"),
		.flag = &arg_show_password},
	{0},
};

/* What the card tells. */
struct card {
	char *place; /* owned */
	char id[ID_TEXT_SIZE], key[ID_TEXT_SIZE];
	char *password; /* owned, secret; NULL: not on the card */
	bool account; /* the place wants names and keys of an account */
};

static void card_done(struct card *card)
{
	free(card->place);
	password_free(card->password);
}

/* The place as another machine's restic takes it; a password within a URL stays out unless it
 * is asked for. */
static int find_place(const struct common *common, char **ret, struct err *err)
{
	cleanup_free char *location = NULL;
	enum place_kind kind;
	const char *rest;
	int r = place_find(common->repository, &common->place, &location, err);

	if (r >= 0)
		r = place_parse(location, &kind, &rest, err);
	if (r < 0)
		return r;
	if (kind == PLACE_LOCAL)
		*ret = realpath(rest, NULL);
	else
		*ret = arg_show_password ? TAKE(location)
					 : place_show(common->repository, &common->place);
	return *ret ? 0 : err_errno(err, errno, "find %s", kind == PLACE_LOCAL ? rest : "place");
}

/* --- Writing: the same card as text and as a page --- */

static int add_html(struct buf *ret, const char *text, struct err *err)
{
	int r = 0;

	for (; r >= 0 && *text; text++) {
		const char *as = *text == '&'    ? "&amp;"
				 : *text == '<'  ? "&lt;"
				 : *text == '>'  ? "&gt;"
				 : *text == '"'  ? "&quot;"
				 : *text == '\'' ? "&#39;"
						 : NULL;

		r = as ? buf_add_text(ret, as, err) : buf_add_byte(ret, (uint8_t)*text, err);
	}
	return r;
}

/* Text of the card with what stands around it: before is markup or white space. */
static int add(
	struct buf *ret, const char *before, const char *text, const char *after, struct err *err)
{
	int r = buf_add_text(ret, before, err);

	if (r >= 0)
		r = arg_html ? add_html(ret, text, err) : buf_add_text(ret, text, err);
	return r < 0 ? r : buf_add_text(ret, after, err);
}

static int add_field(struct buf *ret, const char *name, const char *value, struct err *err)
{
	int r = arg_html ? add(ret, "<tr><th>", name, "</th><td>", err)
			 : add(ret, "  ", name, ": ", err);

	return r < 0 ? r : add(ret, "", value, arg_html ? "</td></tr>\n" : "\n", err);
}

static int add_line(struct buf *ret, const char *text, struct err *err)
{
	return arg_html ? add(ret, "<p>", text, "</p>\n", err) : add(ret, "\n", text, "\n", err);
}

static int add_command(struct buf *ret, const char *what, const char *command, struct err *err)
{
	int r = arg_html ? add(ret, "<li>", what, "", err) : add(ret, "\n- ", what, "\n", err);

	return r < 0      ? r
	       : arg_html ? add(ret, "<pre>", command, "</pre></li>\n", err)
			  : add(ret, "    ", command, "\n", err);
}

/* A value for a shell, in single quotes. Owned. */
static char *quote(const char *text)
{
	cleanup_buf struct buf quoted = BUF_INIT(CARD_MAX);
	struct err err = ERR_INIT;
	int r = buf_add_byte(&quoted, '\'', &err);

	for (; r >= 0 && *text; text++)
		r = *text == '\'' ? buf_add_text(&quoted, "'\\''", &err)
				  : buf_add_byte(&quoted, (uint8_t)*text, &err);
	if (r >= 0)
		r = buf_add_byte(&quoted, '\'', &err);
	return r < 0 ? NULL : buf_take_text(&quoted);
}

static int add_steps(struct buf *ret, const struct card *card,
	const struct words_language *language, struct err *err)
{
	const char *const *words = language->words;
	cleanup_free char *quoted = quote(card->place);
	cleanup_free char *say = quoted ? str_printf("export RESTIC_REPOSITORY=%s", quoted) : NULL;
	int r = say ? 0 : err_oom(err);

	if (r >= 0)
		r = arg_html ? add(ret, "<h2>", words[WORDS_STEPS], "</h2>\n<ol>\n", err)
			     : add(ret, "\n", words[WORDS_STEPS], "\n", err);
	if (r >= 0)
		r = add_command(ret, words[WORDS_INSTALL], "sudo apt install restic", err);
	if (r >= 0)
		r = add_command(ret, words[WORDS_SAY], say, err);
	if (r >= 0 && card->account)
		r = add_command(ret, words[WORDS_ACCOUNT],
			"export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...", err);
	if (r >= 0)
		r = add_command(ret, words[WORDS_LIST], "restic snapshots", err);
	if (r >= 0)
		r = add_command(ret, words[WORDS_RESTORE],
			"restic restore latest --target /recuperado", err);
	if (r >= 0)
		r = add_command(ret, words[WORDS_CHECK], "restic check --read-data", err);
	if (r >= 0 && arg_html)
		r = buf_add_text(ret, "</ol>\n", err);
	return r < 0 ? r : add_line(ret, words[WORDS_ASKED], err);
}

static int add_language(struct buf *ret, const struct card *card,
	const struct words_language *language, struct err *err)
{
	const char *const *words = language->words;
	int r = arg_html ? buf_printf(ret, err, "<section lang=\"%s\">\n", language->code) : 0;

	if (r >= 0)
		r = arg_html ? add(ret, "<h1>", words[WORDS_TITLE], "</h1>\n", err)
			     : add(ret, "== ", words[WORDS_TITLE], " ==\n", err);
	if (r >= 0)
		r = add_line(ret, words[WORDS_PURPOSE], err);
	if (r >= 0)
		r = buf_add_text(ret, arg_html ? "<table>\n" : "\n", err);
	if (r >= 0)
		r = add_field(ret, words[WORDS_PLACE], card->place, err);
	if (r >= 0)
		r = add_field(ret, words[WORDS_ID], card->id, err);
	if (r >= 0)
		r = add_field(ret, words[WORDS_KEY], card->key, err);
	if (r >= 0)
		r = add_field(ret, words[WORDS_PASSWORD],
			card->password ? card->password : words[WORDS_BY_HAND], err);
	if (r >= 0 && arg_html)
		r = buf_add_text(ret, "</table>\n", err);
	if (r >= 0)
		r = add_steps(ret, card, language, err);
	if (r >= 0 && arg_html)
		r = add_line(ret, words[WORDS_CODE], err);
	if (r >= 0)
		r = add_line(ret, words[card->password ? WORDS_SECRET : WORDS_SAFE], err);
	return r < 0 ? r : buf_add_text(ret, arg_html ? "</section>\n" : "\n\n", err);
}

static int add_code(struct buf *ret, const struct card *card, struct err *err)
{
	cleanup_free char *text = str_printf("RESTIC_REPOSITORY=%s\nID=%s%s%s", card->place,
		card->id, card->password ? "\nRESTIC_PASSWORD=" : "",
		card->password ? card->password : "");
	int r = text ? buf_add_text(ret, "<figure>", err) : err_oom(err);

	if (r >= 0)
		r = qr_svg(text, ret, err);
	if (text)
		explicit_bzero(text, strlen(text));
	return r < 0 ? r : buf_add_text(ret, "</figure>\n", err);
}

static int add_card(struct buf *ret, const struct card *card, struct err *err)
{
	static const char head[] =
		"<!DOCTYPE html>\n<html lang=\"es\"><head><meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'\">\n<title>Nexus</title>\n<style>\n"
		"body{font:11pt/1.35 sans-serif;max-width:18cm;margin:1cm auto}\n"
		"h1{font-size:15pt}h2{font-size:12pt}th{text-align:left;padding-right:1em}\n"
		"td,pre{font-family:monospace;white-space:pre-wrap;word-break:break-all}\n"
		"pre{margin:.2em 0 .5em;padding:.3em .6em;border:1px solid #888}\n"
		"figure{float:right;width:5cm;margin:0 0 1em 1em}section+section{page-break-before:"
		"always}\n</style></head><body>\n";
	int r = arg_html ? buf_add_text(ret, head, err) : 0;

	if (r >= 0 && arg_html)
		r = add_code(ret, card, err);
	for (const struct words_language *at = words_languages; r >= 0 && at->code; at++)
		if (!arg_language || strcmp(arg_language, at->code) == 0)
			r = add_language(ret, card, at, err);
	return r >= 0 && arg_html ? buf_add_text(ret, "</body></html>\n", err) : r;
}

static int check_language(struct err *err)
{
	for (const struct words_language *at = words_languages; at->code; at++)
		if (!arg_language || strcmp(arg_language, at->code) == 0)
			return 0;
	return err_set(err, ERR_CONFIG, EINVAL, "read --language %s: es or en", arg_language);
}

static int write_card(const struct common *common, struct repository *repository, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(CARD_MAX);
	struct card card = {0};
	int r = find_place(common, &card.place, err);

	id_format(&repository_config(repository)->id, card.id);
	id_format(repository_key_id(repository), card.key);
	card.account = card.place && str_after(card.place, "s3:");
	if (r >= 0 && arg_show_password)
		r = password_get(&common->password, false, &card.password, err);
	if (r >= 0)
		r = add_card(&text, &card, err);
	if (r >= 0 && arg_target)
		r = file_replace(AT_FDCWD, arg_target, text.data, text.size, 0600, err);
	else if (r >= 0)
		r = file_write_full(STDOUT_FILENO, text.data, text.size, "standard output", err);
	if (text.data)
		explicit_bzero(text.data, text.allocated);
	card_done(&card);
	return r < 0 ? err_wrap(err, "write recovery card") : 0;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	int code;

	(void)argc;
	(void)argv;
	if (check_language(&err) < 0)
		return common_fail(common, &err);
	code = common_open(common, NULL, COMMON_LOCK_NONE, &session);
	if (code)
		return code;
	if (write_card(common, session.repository, &err) < 0)
		return common_fail(common, &err);
	if (arg_target && !common->quiet && !common->json)
		printf(_("Wrote the card to %s. Print it, and keep it away from this machine.\n"),
			arg_target);
	return EXIT_CODE_OK;
}

const struct verb verb_card = {
	.name = "card",
	.arguments = "",
	.summary = N_("print what is needed to get the data back without us"),
	.details = N_("The recovery card: where the repository is, its id, and the commands of "
		      "stock restic, in\nSpanish and English. The password is on it only with "
		      "--show-password.\n\n"
		      "Example: nexus-backup -r /data/backup/repo card --html -t card.html"),
	.options = options,
	.run = run,
};
