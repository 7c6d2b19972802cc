#include "archive/restore/owners.h"

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 256u

/* A name that was looked up. */
struct owner {
	struct owner *next;
	bool is_group, known;
	uint32_t number;
	char name[];
};

struct owners {
	pthread_mutex_t mutex; /* also of getpwnam and getgrnam, which share their memory */
	struct owner *slots[SLOTS];
};

int owners_new(struct owners **ret, struct err *err)
{
	struct owners *owners = calloc(1, sizeof(*owners));

	if (!owners)
		return err_oom(err);
	pthread_mutex_init(&owners->mutex, NULL);
	*ret = owners;
	return 0;
}

void owners_free(struct owners *owners)
{
	if (!owners)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		while (owners->slots[i]) {
			struct owner *owner = owners->slots[i];

			owners->slots[i] = owner->next;
			free(owner);
		}
	pthread_mutex_destroy(&owners->mutex);
	free(owners);
}

static void look_up(const char *name, bool is_group, struct owner *ret)
{
	const struct passwd *user = is_group ? NULL : getpwnam(name);
	const struct group *group = is_group ? getgrnam(name) : NULL;

	ret->known = user || group;
	ret->number = user ? user->pw_uid : group ? group->gr_gid : 0;
}

/* Without memory for it a name is not known. */
static const struct owner *find(struct owners *owners, const char *name, bool is_group)
{
	struct owner **slot, *owner;
	unsigned hash = is_group;

	for (const char *at = name; *at; at++)
		hash = hash * 31 + (unsigned char)*at;
	slot = &owners->slots[hash % SLOTS];
	for (owner = *slot; owner; owner = owner->next)
		if (owner->is_group == is_group && strcmp(owner->name, name) == 0)
			return owner;
	owner = malloc(sizeof(*owner) + strlen(name) + 1);
	if (!owner)
		return NULL;
	owner->next = *slot;
	owner->is_group = is_group;
	memcpy(owner->name, name, strlen(name) + 1);
	look_up(name, is_group, owner);
	*slot = owner;
	return owner;
}

void owners_find(struct owners *owners, const struct node *node, uid_t *ret_user, gid_t *ret_group)
{
	const struct owner *user, *group;

	pthread_mutex_lock(&owners->mutex);
	user = find(owners, node->user, false);
	group = find(owners, node->group, true);
	*ret_user = user && user->known ? user->number : node->uid;
	*ret_group = group && group->known ? group->number : node->gid;
	pthread_mutex_unlock(&owners->mutex);
}
