#include "store/s3/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/buf.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define LIST "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define OBJECT(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size></Contents>"

static int note(const char *name, uint64_t size, void *context, struct err *err)
{
	char *text = context;
	size_t used = strlen(text);

	if (strcmp(name, "stop") == 0)
		return err_set(err, ERR_BUG, EPIPE, "enough");
	snprintf(text + used, 200 - used, "%s=%llu ", name, (unsigned long long)size);
	return 0;
}

static const struct {
	const char *text, *objects, *next;
} pages[] = {
	{HEAD LIST "</ListBucketResult>", "", NULL},
	{HEAD "<ListBucketResult>" OBJECT("a", "1") OBJECT("b/c", "20") "</ListBucketResult>",
		"a=1 b/c=20 ", NULL},
	{LIST "<IsTruncated>true</IsTruncated>" OBJECT("a&amp;b",
		 "0") "<NextContinuationToken>x+/=</NextContinuationToken></ListBucketResult>",
		"a&b=0 ", "x+/="},
	{LIST "<NextContinuationToken>x</NextContinuationToken><IsTruncated>false</IsTruncated>"
	      "</ListBucketResult>",
		"", NULL},
	{LIST "<Contents><Owner><Key>no</Key></Owner><Size>3</Size><Key>k</Key></Contents>"
	      "<Other><Key>no</Key></Other></ListBucketResult>",
		"k=3 ", NULL},
};

START_TEST(reads_pages)
{
	struct answer_page page = {0};
	struct err err = ERR_INIT;
	char objects[200] = "";

	ck_assert_msg(answer_page_parse(pages[_i].text, strlen(pages[_i].text), note, objects,
			      &page, &err) == 0,
		"%s", err.text);
	ck_assert_str_eq(objects, pages[_i].objects);
	ck_assert_pstr_eq(page.next, pages[_i].next);
	free(page.next);
}
END_TEST

static const char *const bad[] = {"", "no xml", HEAD, LIST, "<Error><Code>x</Code></Error>",
	LIST "<Contents><Key>a</Key></Contents></ListBucketResult>",
	LIST "<Contents><Size>1</Size></Contents></ListBucketResult>",
	LIST OBJECT("a", "-1") "</ListBucketResult>",
	LIST OBJECT("a", "99999999999999999999") "</ListBucketResult>",
	LIST "<IsTruncated>true</IsTruncated></ListBucketResult>",
	LIST "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></a>"
	     "</a></a></a></a></a></a></a></ListBucketResult>",
	"<!DOCTYPE x [<!ENTITY a \"aaaa\">]>" LIST OBJECT("&a;", "1") "</ListBucketResult>",
	"<!DOCTYPE x SYSTEM \"file:///etc/passwd\">" LIST "</ListBucketResult>",
	LIST OBJECT("a", "1") "</ListBucketResult>trailing"};

START_TEST(refuses_others)
{
	struct answer_page page = {0};
	struct err err = ERR_INIT;
	char objects[200] = "";

	ck_assert_msg(
		answer_page_parse(bad[_i], strlen(bad[_i]), note, objects, &page, &err) == -EBADMSG,
		"%s", bad[_i]);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	ck_assert_ptr_null(page.next);
}
END_TEST

START_TEST(bounds_texts)
{
	cleanup_buf struct buf text = BUF_INIT(1 << 16);
	struct answer_page page = {0};
	struct err err = ERR_INIT;
	char key[ANSWER_TEXT_MAX + 1], objects[200] = "";

	for (size_t size = ANSWER_TEXT_MAX - 1; size <= ANSWER_TEXT_MAX; size++) {
		memset(key, 'k', size);
		key[size] = '\0';
		buf_clear(&text);
		ck_assert_int_eq(buf_printf(&text, &err,
					 LIST "<Contents><Key>%s</Key><Size>1</Size></Contents>"
					      "</ListBucketResult>",
					 key),
			0);
		ck_assert_int_eq(
			answer_page_parse(text.data, text.size, note, objects, &page, &err),
			size < ANSWER_TEXT_MAX ? 0 : -EBADMSG);
	}
	ck_assert_int_eq(answer_page_parse("", ANSWER_MAX + 1, note, objects, &page, &err), -EFBIG);
}
END_TEST

START_TEST(hands_on_what_the_caller_says)
{
	static const char text[] = LIST OBJECT("stop", "1") "</ListBucketResult>";
	struct answer_page page = {0};
	struct err err = ERR_INIT;
	char objects[200] = "";

	ck_assert_int_eq(answer_page_parse(text, strlen(text), note, objects, &page, &err), -EPIPE);
}
END_TEST

START_TEST(reads_refusals)
{
	static const char text[] =
		HEAD "<Error><Code>NoSuchBucket</Code><Message>not\033 there</Message>"
		     "<Inner><Code>x</Code></Inner><Region>eu-1</Region></Error>";
	struct answer_refusal refusal;

	answer_refusal_parse(text, strlen(text), &refusal);
	ck_assert_str_eq(refusal.code, ""); /* a control character is no XML */
	answer_refusal_parse(
		"<Error><Code>NoSuchKey</Code><Message>a</Message></Error>", 57, &refusal);
	ck_assert_str_eq(refusal.code, "NoSuchKey");
	ck_assert_str_eq(refusal.message, "a");
	answer_refusal_parse("<html><Code>x</Code></html>", 27, &refusal);
	ck_assert_str_eq(refusal.code, "");
	answer_refusal_parse(NULL, 0, &refusal);
	ck_assert_str_eq(refusal.code, "");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("answer");

	tcase_add_loop_test(tcase, reads_pages, 0, COUNT(pages));
	tcase_add_loop_test(tcase, refuses_others, 0, COUNT(bad));
	tcase_add_test(tcase, bounds_texts);
	tcase_add_test(tcase, hands_on_what_the_caller_says);
	tcase_add_test(tcase, reads_refusals);
	return unit_main("answer", tcase);
}
