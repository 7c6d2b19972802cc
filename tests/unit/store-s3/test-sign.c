/* The examples that AWS publishes with the rules of Signature Version 4. */
#include "store/s3/sign.h"

#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "base/str.h"

#define S3_KEY "AKIAIOSFODNN7EXAMPLE"
#define S3_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define S3_HOST "examplebucket.s3.amazonaws.com"

static const struct sign_header get_object[] = {
	{"x-amz-date", "20130524T000000Z"},
	{"range", "bytes=0-9"},
	{"host", S3_HOST},
	{"x-amz-content-sha256", SIGN_EMPTY_HASH},
};
static const struct sign_header put_object[] = {
	{"date", "Fri, 24 May 2013 00:00:00 GMT"},
	{"host", S3_HOST},
	{"x-amz-content-sha256",
		"44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"},
	{"x-amz-date", "20130524T000000Z"},
	{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
};
static const struct sign_header plain[] = {
	{"host", S3_HOST},
	{"x-amz-content-sha256", SIGN_EMPTY_HASH},
	{"x-amz-date", "20130524T000000Z"},
};
static const struct sign_header vanilla[] = {
	{"host", "example.amazonaws.com"},
	{"x-amz-date", "20150830T123600Z"},
};

static const struct {
	struct sign_request request;
	const char *signature;
} examples[] = {
	{{.method = "GET",
		 .path = "/test.txt",
		 .query = "",
		 .headers = get_object,
		 .header_count = 4,
		 .payload_hash = SIGN_EMPTY_HASH,
		 .time = "20130524T000000Z",
		 .region = "us-east-1",
		 .service = "s3",
		 .key_id = S3_KEY,
		 .secret = S3_SECRET},
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	{{.method = "PUT",
		 .path = "/test%24file.text",
		 .query = "",
		 .headers = put_object,
		 .header_count = 5,
		 .payload_hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
		 .time = "20130524T000000Z",
		 .region = "us-east-1",
		 .service = "s3",
		 .key_id = S3_KEY,
		 .secret = S3_SECRET},
		"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	{{.method = "GET",
		 .path = "/",
		 .query = "lifecycle=",
		 .headers = plain,
		 .header_count = 3,
		 .payload_hash = SIGN_EMPTY_HASH,
		 .time = "20130524T000000Z",
		 .region = "us-east-1",
		 .service = "s3",
		 .key_id = S3_KEY,
		 .secret = S3_SECRET},
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	{{.method = "GET",
		 .path = "/",
		 .query = "max-keys=2&prefix=J",
		 .headers = plain,
		 .header_count = 3,
		 .payload_hash = SIGN_EMPTY_HASH,
		 .time = "20130524T000000Z",
		 .region = "us-east-1",
		 .service = "s3",
		 .key_id = S3_KEY,
		 .secret = S3_SECRET},
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	{{.method = "GET",
		 .path = "/",
		 .query = "",
		 .headers = vanilla,
		 .header_count = 2,
		 .payload_hash = SIGN_EMPTY_HASH,
		 .time = "20150830T123600Z",
		 .region = "us-east-1",
		 .service = "service",
		 .key_id = "AKIDEXAMPLE",
		 .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
		"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
};

START_TEST(agrees_with_aws)
{
	cleanup_free char *made = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(sign_make(&examples[_i].request, &made, &err), 0);
	ck_assert_msg(str_ends(made, examples[_i].signature), "%s", made);
	ck_assert_ptr_nonnull(str_after(made, "AWS4-HMAC-SHA256 Credential=AKI"));
}
END_TEST

START_TEST(names_what_is_signed)
{
	cleanup_free char *made = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(sign_make(&examples[0].request, &made, &err), 0);
	ck_assert_ptr_nonnull(strstr(made,
		"Credential=" S3_KEY "/20130524/us-east-1/s3/aws4_request,"
		"SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature="));
}
END_TEST

START_TEST(refuses_too_much)
{
	struct sign_request request = examples[0].request;
	char secret[300];
	char *made = NULL;
	struct err err = ERR_INIT;

	memset(secret, 's', sizeof(secret));
	secret[257] = '\0';
	request.secret = secret;
	ck_assert_int_eq(sign_make(&request, &made, &err), -E2BIG);
	request.secret = S3_SECRET;
	request.header_count = SIGN_HEADERS_MAX + 1;
	ck_assert_int_eq(sign_make(&request, &made, &err), -E2BIG);
	ck_assert_ptr_null(made);
}
END_TEST

START_TEST(formats_time)
{
	char time[SIGN_TIME_SIZE];

	sign_format_time(1369353600ull * 1000000, time);
	ck_assert_str_eq(time, "20130524T000000Z");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sign");

	tcase_add_loop_test(tcase, agrees_with_aws, 0, COUNT(examples));
	tcase_add_test(tcase, names_what_is_signed);
	tcase_add_test(tcase, refuses_too_much);
	tcase_add_test(tcase, formats_time);
	return unit_main("sign", tcase);
}
