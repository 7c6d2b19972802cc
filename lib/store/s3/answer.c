#include "store/s3/answer.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"

/* A document being read: where we are, and the text of the innermost element. */
struct reading {
	XML_Parser parser;
	char path[ANSWER_DEPTH_MAX][64];
	size_t depth;
	char text[ANSWER_TEXT_MAX];
	size_t used;
	void (*on_text)(struct reading *reading); /* at the end of each element */
	void (*on_begin)(struct reading *reading);
	struct err err;
	/* listing */
	store_list_fn *fn;
	void *context;
	char key[ANSWER_TEXT_MAX], next[ANSWER_TEXT_MAX];
	uint64_t size_bytes;
	bool has_key, has_size, is_listing, truncated;
	struct answer_refusal *refusal;
};

static void stop(struct reading *reading, const char *reason)
{
	if (!reading->err.code)
		err_set(&reading->err, ERR_CORRUPT, EBADMSG, "read answer of S3: %s", reason);
	(void)XML_StopParser(reading->parser, XML_FALSE);
}

/* Names come with their namespace before a '|', or without any. */
static void on_start(void *context, const char *name, const char **attributes)
{
	struct reading *reading = context;
	const char *local = strrchr(name, '|');

	(void)attributes;
	if (reading->depth >= ANSWER_DEPTH_MAX) {
		stop(reading, "nested too deep");
		return;
	}
	snprintf(reading->path[reading->depth++], sizeof(reading->path[0]), "%s",
		local ? local + 1 : name);
	reading->used = 0;
	reading->text[0] = '\0';
	if (reading->on_begin)
		reading->on_begin(reading);
}

static void on_end(void *context, const char *name)
{
	struct reading *reading = context;

	(void)name;
	if (!reading->err.code)
		reading->on_text(reading);
	reading->depth--;
	reading->used = 0;
	reading->text[0] = '\0';
}

static void on_characters(void *context, const char *text, int size)
{
	struct reading *reading = context;

	if (size < 0 || (size_t)size >= sizeof(reading->text) - reading->used) {
		stop(reading, "a text is too long");
		return;
	}
	memcpy(reading->text + reading->used, text, (size_t)size);
	reading->used += (size_t)size;
	reading->text[reading->used] = '\0';
}

static void on_doctype(void *context, const char *name, const char *system_id,
	const char *public_id, int has_internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal;
	stop(context, "it declares a document type");
}

static int read_document(struct reading *reading, const void *data, size_t size, struct err *err)
{
	enum XML_Status status;

	if (size > ANSWER_MAX)
		return err_set(err, ERR_CORRUPT, EFBIG, "read answer of S3: too large");
	reading->parser = XML_ParserCreateNS("UTF-8", '|');
	if (!reading->parser)
		return err_oom(err);
	XML_SetUserData(reading->parser, reading);
	XML_SetElementHandler(reading->parser, on_start, on_end);
	XML_SetCharacterDataHandler(reading->parser, on_characters);
	XML_SetStartDoctypeDeclHandler(reading->parser, on_doctype);
	status = XML_Parse(reading->parser, data, (int)size, 1);
	if (status != XML_STATUS_OK && !reading->err.code)
		err_set(&reading->err, ERR_CORRUPT, EBADMSG, "read answer of S3: %s",
			XML_ErrorString(XML_GetErrorCode(reading->parser)));
	XML_ParserFree(reading->parser);
	if (!reading->err.code)
		return 0;
	*err = reading->err;
	return -err->code;
}

static bool at(const struct reading *reading, size_t depth, const char *name)
{
	return reading->depth == depth && strcmp(reading->path[depth - 1], name) == 0;
}

static bool in_contents(const struct reading *reading)
{
	return reading->depth >= 2 && strcmp(reading->path[1], "Contents") == 0;
}

static void listing_begin(struct reading *reading)
{
	if (at(reading, 1, "ListBucketResult"))
		reading->is_listing = true;
	else if (reading->depth == 1)
		stop(reading, "it is no listing");
	else if (at(reading, 2, "Contents"))
		reading->has_key = reading->has_size = false;
}

static void listing_text(struct reading *reading)
{
	struct err err = ERR_INIT;

	if (in_contents(reading) && at(reading, 3, "Key")) {
		memcpy(reading->key, reading->text, reading->used + 1);
		reading->has_key = true;
	} else if (in_contents(reading) && at(reading, 3, "Size")) {
		reading->has_size =
			parse_u64(reading->text, 0, UINT64_MAX, &reading->size_bytes, &err) >= 0;
	} else if (at(reading, 2, "Contents")) {
		if (!reading->has_key || !reading->has_size)
			stop(reading, "an object without a name or a size");
		else if (reading->fn(reading->key, reading->size_bytes, reading->context,
				 &reading->err) < 0)
			stop(reading, "");
	} else if (at(reading, 2, "IsTruncated")) {
		reading->truncated = strcmp(reading->text, "true") == 0;
	} else if (at(reading, 2, "NextContinuationToken")) {
		memcpy(reading->next, reading->text, reading->used + 1);
	}
}

int answer_page_parse(const void *data, size_t size, store_list_fn *fn, void *context,
	struct answer_page *ret, struct err *err)
{
	cleanup_free struct reading *reading = calloc(1, sizeof(*reading));
	int r;

	if (!reading)
		return err_oom(err);
	reading->on_begin = listing_begin;
	reading->on_text = listing_text;
	reading->fn = fn;
	reading->context = context;
	r = read_document(reading, data, size, err);
	if (r < 0)
		return r;
	if (reading->truncated && !reading->next[0])
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"read answer of S3: there is more, but not where to go on");
	ret->next = reading->truncated ? strdup(reading->next) : NULL;
	return reading->truncated && !ret->next ? err_oom(err) : 0;
}

static void copy(char *to, size_t size, const char *text)
{
	size_t length = strnlen(text, size - 1);

	memcpy(to, text, length);
	to[length] = '\0';
	str_sanitize(to);
}

static void refusal_text(struct reading *reading)
{
	struct answer_refusal *refusal = reading->refusal;

	if (reading->depth != 2 || strcmp(reading->path[0], "Error") != 0)
		return;
	if (at(reading, 2, "Code"))
		copy(refusal->code, sizeof(refusal->code), reading->text);
	else if (at(reading, 2, "Message"))
		copy(refusal->message, sizeof(refusal->message), reading->text);
	else if (at(reading, 2, "Region"))
		copy(refusal->region, sizeof(refusal->region), reading->text);
}

void answer_refusal_parse(const void *data, size_t size, struct answer_refusal *ret)
{
	cleanup_free struct reading *reading = calloc(1, sizeof(*reading));
	struct err err = ERR_INIT;

	*ret = (struct answer_refusal){0};
	if (!reading || !size)
		return;
	reading->on_text = refusal_text;
	reading->refusal = ret;
	if (read_document(reading, data, size, &err) < 0)
		*ret = (struct answer_refusal){0};
}
