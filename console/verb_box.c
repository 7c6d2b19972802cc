#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "console/console.h"
#include "console/prompt.h"
#include "console/table.h"
#include "console/verbs.h"
#include "json/json.h"

static const char *arg_confirm;
static bool arg_ssh_config, arg_ansible, arg_known_hosts;

const struct verb_option verb_box_forget_options[] = {
	{.long_name = "confirm",
		.argument = N_("NAME"),
		.help = N_("the box's name once more, instead of being asked for it"),
		.text = &arg_confirm},
	{0},
};

const struct verb_option verb_box_export_options[] = {
	{.long_name = "ssh-config",
		.help = N_("for an Include line in ~/.ssh/config"),
		.flag = &arg_ssh_config},
	{.long_name = "known-hosts",
		.help = N_("host keys, in the format of ssh"),
		.flag = &arg_known_hosts},
	{.long_name = "ansible",
		.help = N_("inventory for Ansible, as JSON"),
		.flag = &arg_ansible},
	{0},
};

/* --- list --- */

static struct json *list_json(const struct inventory_list *list)
{
	struct json *json = json_object_new(), *boxes;

	json_set_text(json, "schema", "nexus.inventory/1");
	boxes = json_set_array(json, "boxes");
	for (size_t i = 0; i < list->count; i++) {
		const struct inventory_box *box = &list->boxes[i];
		char where[ADDRESS_TEXT_SIZE], when[CLOCK_RFC3339_SIZE];
		char print[51];
		struct json *item = json_add_object(boxes);

		address_format(&box->address, where);
		clock_rfc3339_format(box->adopted_s, 0, when);
		inventory_fingerprint(box, print);
		json_set_text(item, "box_id", box->box_id);
		json_set_text(item, "name", box->name);
		json_set_text(item, "address", where);
		json_set_text(item, "host_key", print);
		json_set_text(item, "adopted", when);
	}
	return json;
}

static int list_table(const struct inventory_list *list, struct err *err)
{
	const char *const headings[4] = {_("BOX"), _("ADDRESS"), _("ADOPTED"), _("ID")};
	struct table table;
	int r;

	r = table_init(&table, headings, 4, 0, err);
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const struct inventory_box *box = &list->boxes[i];
		char where[ADDRESS_TEXT_SIZE], when[CLOCK_RFC3339_SIZE];
		const char *const cells[4] = {box->name, where, when, box->box_id};

		address_format(&box->address, where);
		clock_rfc3339_format(box->adopted_s, 0, when);
		r = table_add(&table, cells, TABLE_PLAIN, err);
	}
	if (r == 0)
		table_print(&table, false, 0);
	table_done(&table);
	return r;
}

static int open_list(struct console *console, struct inventory_list *ret, struct err *err)
{
	int r = console_open(console, err);

	return r < 0 ? r : inventory_list(console->inventory, ret, err);
}

int verb_box_list(int argc, char **argv, void *context)
{
	struct console *console = context;
	cleanup_inventory_list struct inventory_list list = {0};
	struct err err = ERR_INIT;
	int r;

	(void)argc;
	(void)argv;
	r = open_list(console, &list, &err);
	if (r == 0 && console->json)
		return console_print_json(console, list_json(&list));
	if (r == 0 && list.count == 0) {
		fprintf(stderr, "%s\n",
			_("There is no box yet. Adopt one: nexus fleet adopt ADDRESS"));
		return VERB_EXIT_OK;
	}
	if (r == 0)
		r = list_table(&list, &err);
	return r < 0 ? console_fail(console, &err) : VERB_EXIT_OK;
}

/* --- rename, move, forget --- */

int verb_box_rename(int argc, char **argv, void *context)
{
	struct console *console = context;
	struct err err = ERR_INIT;
	int r;

	(void)argc;
	if (!inventory_name_valid(argv[1])) {
		err_set(&err, ERR_CONFIG, EINVAL,
			"read name: up to 63 letters, digits, '-', '_' and '.'");
		(void)console_fail(console, &err);
		return VERB_EXIT_USAGE;
	}
	r = console_ask(console, argv[0], &err);
	if (r == 0)
		r = inventory_rename(console->inventory, console->box.box_id, argv[1], &err);
	if (r < 0)
		return console_fail(console, &err);
	fprintf(stderr, _("%s is called %s now.\n"), console->box.name, argv[1]);
	return VERB_EXIT_OK;
}

int verb_box_move(int argc, char **argv, void *context)
{
	struct console *console = context;
	char where[ADDRESS_TEXT_SIZE];
	struct address address;
	struct err err = ERR_INIT;
	int r;

	(void)argc;
	if (address_parse(argv[1], 22, &address, &err) < 0) {
		(void)console_fail(console, &err);
		return VERB_EXIT_USAGE;
	}
	r = console_ask(console, argv[0], &err);
	if (r == 0)
		r = inventory_move(console->inventory, console->box.box_id, &address, &err);
	if (r < 0)
		return console_fail(console, &err);
	address_format(&address, where);
	fprintf(stderr, _("%s is at %s now.\n"), console->box.name, where);
	return VERB_EXIT_OK;
}

/* A severe act: the name must be given twice. */
static int confirm(const struct console *console, struct err *err)
{
	const char *name = console->box.name;
	cleanup_free char *question = NULL;
	char line[PROMPT_LINE_MAX] = "";
	int r;

	if (!arg_confirm) {
		if (console->no_input || !prompt_possible())
			return err_set(err, ERR_CONFIG, EINVAL,
				"forget %s: confirm it with --confirm %s", name, name);
		question =
			str_printf(_("%s will no longer be looked after from here; the box itself "
				     "stays as it is "
				     "and\naccepts no other console until it is installed anew.\n"
				     "Type its name to forget it: "),
				name);
		if (!question)
			return err_oom(err);
		r = prompt_line(question, line, err);
		if (r < 0)
			return r;
	}
	if (!str_equal(arg_confirm ? arg_confirm : line, name))
		return err_set(err, ERR_CONFIG, ECANCELED,
			"forget %s: the name typed is another; nothing was changed", name);
	return 0;
}

int verb_box_forget(int argc, char **argv, void *context)
{
	struct console *console = context;
	struct err err = ERR_INIT;
	int r;

	(void)argc;
	r = console_ask(console, argv[0], &err);
	if (r == 0)
		r = confirm(console, &err);
	if (r == 0)
		r = inventory_forget(console->inventory, console->box.box_id, &err);
	if (r < 0)
		return console_fail(console, &err);
	fprintf(stderr, _("%s is forgotten.\n"), console->box.name);
	return VERB_EXIT_OK;
}

/* --- export --- */

static int print_known_hosts(const struct inventory_list *list, struct err *err)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct inventory_box *box = &list->boxes[i];
		cleanup_free char *line = NULL;
		int r = inventory_key_line(box, &line, err);

		if (r < 0)
			return r;
		printf("nexus-%s %s\n", box->box_id, line);
	}
	return 0;
}

/* ssh logs in by the same forced command, so "ssh tienda-1 shell" works; HostKeyAlias ties the
 * key to the box, not to its address. */
static void print_ssh_config(const struct console *console, const struct inventory_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct inventory_box *box = &list->boxes[i];

		printf("Host %s\n\tHostName %s\n\tPort %u\n\tUser " ASK_OPERATOR_USER "\n"
		       "\tIdentityFile %s/operator.key\n\tIdentitiesOnly yes\n"
		       "\tHostKeyAlias nexus-%s\n\tUserKnownHostsFile %s/known_hosts\n"
		       "\tStrictHostKeyChecking yes\n",
			box->name, box->address.host, box->address.port, console->home.path,
			box->box_id, console->home.path);
	}
}

static struct json *ansible_json(const struct console *console, const struct inventory_list *list)
{
	struct json *json = json_object_new(), *hosts, *variables, *group, *members;
	cleanup_free char *key = str_printf("%s/operator.key", console->home.path);

	hosts = json_set_object(json, "_meta");
	hosts = json_set_object(hosts, "hostvars");
	group = json_set_object(json, "nexus");
	members = json_set_array(group, "hosts");
	for (size_t i = 0; i < list->count; i++) {
		const struct inventory_box *box = &list->boxes[i];

		json_add_text(members, box->name);
		variables = json_set_object(hosts, box->name);
		json_set_text(variables, "ansible_host", box->address.host);
		json_set_integer(variables, "ansible_port", box->address.port);
		json_set_text(variables, "ansible_user", ASK_OPERATOR_USER);
		json_set_text(variables, "ansible_ssh_private_key_file", key);
	}
	return json;
}

int verb_box_export(int argc, char **argv, void *context)
{
	struct console *console = context;
	cleanup_inventory_list struct inventory_list list = {0};
	struct err err = ERR_INIT;
	int r = 0;

	(void)argc;
	(void)argv;
	if (arg_ssh_config + arg_known_hosts + arg_ansible != 1) {
		err_set(&err, ERR_CONFIG, EINVAL,
			"export: say one of --ssh-config, --known-hosts and --ansible");
		(void)console_fail(console, &err);
		return VERB_EXIT_USAGE;
	}
	r = open_list(console, &list, &err);
	if (r == 0 && arg_known_hosts)
		r = print_known_hosts(&list, &err);
	if (r < 0)
		return console_fail(console, &err);
	if (arg_ssh_config)
		print_ssh_config(console, &list);
	return arg_ansible ? console_print_json(console, ansible_json(console, &list))
			   : VERB_EXIT_OK;
}
