#include "conf/conf.h"

#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"

#define CONF_FILE_MAX (256u << 10)
#define CONF_TEXT_MAX 4096u
#define CONF_KEYS_MAX 128u

/* inih takes " ;" in a value for the start of a comment; unit files do not. It is hidden from
 * inih as this byte, which no text that is read may have. */
#define HIDDEN_SEMICOLON '\x1f'

/* One reading of one text. inih cuts lines into section, name and value; the line discipline
 * of unit files (no continuation by indentation, no comment after a value) is made here. */
struct reading {
	const char *at, *end; /* what is still to be read */
	const char *name; /* of the file */
	int line;
	bool in_line; /* inih got only part of a line so far */
	const struct conf_key *keys;
	void *target;
	bool seen[CONF_KEYS_MAX];
	struct err *err;
	int result;
};

static void *member(void *target, const struct conf_key *key)
{
	return (char *)target + key->offset;
}

static int set_text(const struct conf_key *key, void *target, const char *value, struct err *err)
{
	size_t max = key->max_bytes ? key->max_bytes : CONF_TEXT_MAX;
	char **at = member(target, key);
	char *copy;

	if (strlen(value) > max)
		return err_set(err, ERR_CONFIG, E2BIG, "longer than %zu bytes", max);
	if (!str_is_utf8(value, strlen(value)))
		return err_set(err, ERR_CONFIG, EINVAL, "not UTF-8");
	copy = strdup(value);
	if (!copy)
		return err_oom(err);
	free(*at);
	*at = copy;
	return 0;
}

static int set_list(const struct conf_key *key, void *target, const char *value, struct err *err)
{
	struct str_list *list = member(target, key);

	if (!*value) {
		str_list_done(list);
		return 0;
	}
	return str_list_add(list, value, err);
}

static int set_value(const struct conf_key *key, void *target, const char *value, struct err *err)
{
	uint64_t max = key->max ? key->max : UINT64_MAX;

	switch (key->type) {
	case CONF_TEXT:
		return set_text(key, target, value, err);
	case CONF_BOOL:
		return parse_bool(value, member(target, key), err);
	case CONF_U64:
		return parse_u64(value, key->min, max, member(target, key), err);
	case CONF_SIZE:
		return parse_size(value, key->min, max, member(target, key), err);
	case CONF_DURATION:
		return parse_duration(value, key->min, max, member(target, key), err);
	case CONF_LIST:
		return set_list(key, target, value, err);
	}
	return err_set(err, ERR_BUG, EINVAL, "key %s: unknown type", key->name);
}

int conf_defaults(const struct conf_key *keys, void *target, struct err *err)
{
	for (; keys->name; keys++) {
		if (keys->fallback && set_value(keys, target, keys->fallback, err) < 0)
			return err_wrap(err, "default of %s", keys->name);
	}
	return 0;
}

static int take_entry(struct reading *r, const char *section, const char *name, const char *value)
{
	bool section_known = false;

	if (r->in_line)
		return err_set(r->err, ERR_CONFIG, E2BIG, "line too long");
	for (size_t i = 0; i < CONF_KEYS_MAX && r->keys[i].name; i++) {
		const struct conf_key *key = &r->keys[i];

		if (strcmp(key->section, section) != 0)
			continue;
		section_known = true;
		if (strcmp(key->name, name) != 0)
			continue;
		if (r->seen[i] && key->type != CONF_LIST)
			return err_set(r->err, ERR_CONFIG, EINVAL, "%s stands twice", name);
		r->seen[i] = true;
		if (set_value(key, r->target, value, r->err) < 0)
			return err_wrap(r->err, "%s", name);
		return 0;
	}
	if (!section_known)
		return err_set(r->err, ERR_CONFIG, EINVAL, "unknown section [%.64s]", section);
	return err_set(r->err, ERR_CONFIG, EINVAL, "unknown key %.64s in [%s]", name, section);
}

static int handle(void *context, const char *section, const char *name, const char *value)
{
	struct reading *r = context;
	cleanup_free char *text = strdup(value ? value : "");

	if (r->result < 0)
		return 0;
	for (char *p = text; p && *p; p++)
		if (*p == HIDDEN_SEMICOLON)
			*p = ';';
	r->result = text ? take_entry(r, section, name, text) : err_oom(r->err);
	if (r->result < 0)
		r->result = err_wrap(r->err, "read %s: line %d", r->name, r->line);
	return r->result >= 0;
}

/* inih's fgets: hands out one line, without the white space before it. */
static char *next_piece(char *out, int room, void *context)
{
	struct reading *r = context;
	const char *stop;
	size_t n;

	if (r->result < 0 || r->at >= r->end)
		return NULL;
	if (!r->in_line) {
		r->line++;
		while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
			r->at++;
	}
	stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
	stop = stop ? stop + 1 : r->end;
	n = (size_t)(stop - r->at);
	r->in_line = n > (size_t)room - 1;
	if (r->in_line)
		n = (size_t)room - 1;
	memcpy(out, r->at, n);
	out[n] = '\0';
	for (size_t i = 1; i < n; i++)
		if (out[i] == ';')
			out[i] = HIDDEN_SEMICOLON;
	r->at += n;
	return out;
}

static bool has_control(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < 0x20 && !(text[i] && strchr("\t\r\n", text[i])))
			return true;
	return false;
}

int conf_parse(const char *text, size_t size, const char *name, const struct conf_key *keys,
	void *target, struct err *err)
{
	struct reading reading = {
		.at = text,
		.end = text + size,
		.name = name,
		.keys = keys,
		.target = target,
		.err = err,
	};
	int r;

	if (size > CONF_FILE_MAX)
		return err_set(err, ERR_CONFIG, EFBIG, "read %s: larger than %u bytes", name,
			CONF_FILE_MAX);
	if (has_control(text, size))
		return err_set(err, ERR_CONFIG, EINVAL, "read %s: a control character in it", name);
	/* inih goes on after a line that it can't read: the first mistake is told. */
	r = ini_parse_stream(next_piece, &reading, handle, &reading);
	if (reading.result < 0 && (r <= 0 || r >= reading.line))
		return reading.result;
	if (r == -2)
		return err_oom(err);
	if (r != 0)
		return err_set(err, ERR_CONFIG, EINVAL,
			"read %s: line %d: neither [Section] nor Key=value", name, r);
	return 0;
}

int conf_read(const char *path, const struct conf_key *keys, void *target, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	r = file_read(AT_FDCWD, path, CONF_FILE_MAX, &text, &size, err);
	if (r < 0)
		return r;
	return conf_parse(text, size, path, keys, target, err);
}

static int only_conf(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && str_ends(entry->d_name, ".conf");
}

int conf_read_tree(const char *path, const struct conf_key *keys, void *target, struct err *err)
{
	cleanup_free char *dir = str_printf("%s.d", path);
	struct dirent **names = NULL;
	int n, r;

	if (!dir)
		return err_oom(err);
	r = conf_read(path, keys, target, err);
	if (r < 0 && r != -ENOENT)
		return r;
	r = 0;
	n = scandir(dir, &names, only_conf, alphasort);
	if (n < 0 && errno != ENOENT)
		return err_errno(err, errno, "list folder %s", dir);
	for (int i = 0; i < n; i++) {
		cleanup_free char *file = str_printf("%s/%s", dir, names[i]->d_name);

		if (r >= 0)
			r = file ? conf_read(file, keys, target, err) : err_oom(err);
		free(names[i]);
	}
	free(names);
	return r;
}

void conf_done(const struct conf_key *keys, void *target)
{
	for (; keys->name; keys++) {
		if (keys->type == CONF_TEXT) {
			char **at = member(target, keys);

			free(*at);
			*at = NULL;
		} else if (keys->type == CONF_LIST) {
			str_list_done(member(target, keys));
		}
	}
}
