/* cmd: one run of nodectl: what was typed, where it prints, whom it talks to; and what every command needs of
 * these. */
#pragma once

#include <jansson.h>

#include "app/control.h"
#include "app/home.h"
#include "nodectl/args.h"
#include "nodectl/errors.h"
#include "nodectl/out.h"

struct ctl {
    const struct command *commands; /* the table of main.c */
    struct args args;
    struct out out;
    struct home home; /* once cmd_home() found it */
    bool home_known;
    struct control_client *client;
    char doing[256]; /* "suspend \"us-oh-dayton\"": what failed, when it fails */
    int exit;        /* the exit code, where it is not the one that follows from enum err; -1 */
};

void cmd_clear(struct ctl *ctl);
void cmd_doing(struct ctl *ctl, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Opens what of descriptors 0, 1 and 2 is closed, so that nothing else takes its place. */
void cmd_descriptors(void);
/* SIGINT and SIGTERM become cmd_interrupted(). */
void cmd_signals(void);
bool cmd_interrupted(void);
/* False when interrupted meanwhile. */
bool cmd_pause(unsigned ms);

/* The folder that --home, CHANCERY_HOME or /var/lib/chancery names. E_USAGE when none does. */
enum err cmd_home_path(const struct ctl *ctl, const char **path);
/* Finds out what kind of home it is. E_NOT_FOUND, E_USAGE when the command belongs to the other kind. */
enum err cmd_home(struct ctl *ctl);
/* cmd_home and a connection to its daemon. E_UNREACHABLE. */
enum err cmd_connect(struct ctl *ctl);

/* A request with parameters: name, value, name, value ..., NULL. A NULL value leaves that parameter out. */
struct control_request cmd_request(const char *command, ...) __attribute__((sentinel));
void cmd_param(struct control_request *request, const char *name, const char *value);
/* Connects when needed. The daemon's refusals come back as failures with their hints. */
enum err cmd_call(struct ctl *ctl, const struct control_request *request, struct control_answer *answer);
/* Asks page after page until `limit` rows of body[list] are here (0: all of them); *body is the first page's
 * with all rows in it, and the cursor of the last page when there is more. */
enum err cmd_pages(struct ctl *ctl, struct control_request *request, const char *list, size_t limit,
                   json_t **body);

/* A file, or standard input for "-". E_NOT_FOUND, E_TOO_BIG. */
enum err cmd_read(const char *path, size_t max, struct buf *out);
/* Shows the plan and has the name typed, unless --yes. E_OK to go on; E_USAGE without a terminal and --yes;
 * E_DENIED for another name. With --dry-run *go is false, and nothing is asked. */
enum err cmd_confirm(struct ctl *ctl, const char *plan, const char *name, bool *go);

/* The commands, one file each. */
enum err cmd_init_node(struct ctl *ctl);
enum err cmd_init_hub(struct ctl *ctl);
enum err cmd_invite(struct ctl *ctl);
enum err cmd_invite_ls(struct ctl *ctl);
enum err cmd_invite_revoke(struct ctl *ctl);
enum err cmd_join(struct ctl *ctl);
enum err cmd_status(struct ctl *ctl);
enum err cmd_peer_ls(struct ctl *ctl);
enum err cmd_peer_show(struct ctl *ctl);
enum err cmd_peer_rm(struct ctl *ctl);
enum err cmd_peer_suspend(struct ctl *ctl);
enum err cmd_peer_resume(struct ctl *ctl);
enum err cmd_peer_admit(struct ctl *ctl);
enum err cmd_peer_acknowledge(struct ctl *ctl);
enum err cmd_record_add(struct ctl *ctl);
enum err cmd_record_amend(struct ctl *ctl);
enum err cmd_record_retract(struct ctl *ctl);
enum err cmd_record_ls(struct ctl *ctl);
enum err cmd_record_show(struct ctl *ctl);
enum err cmd_record_verify(struct ctl *ctl);
enum err cmd_record_tail(struct ctl *ctl);
enum err cmd_query(struct ctl *ctl);
enum err cmd_export(struct ctl *ctl);
enum err cmd_import(struct ctl *ctl);
enum err cmd_summary(struct ctl *ctl);
enum err cmd_doctor(struct ctl *ctl);
enum err cmd_completion(struct ctl *ctl);
enum err cmd_help(struct ctl *ctl);
enum err cmd_version(struct ctl *ctl);

/* The page that --help prints for one command, and the first screen. */
void cmd_help_page(struct ctl *ctl, const struct command *command);
void cmd_help_screen(struct ctl *ctl);

/* Their options. */
extern const struct arg_option options_init_node[], options_init_hub[], options_invite[], options_list[],
    options_dry_run[], options_join[], options_status[], options_peer_ls[], options_dangerous[],
    options_peer_suspend[], options_record_add[], options_record_amend[], options_record_retract[],
    options_record_ls[], options_record_show[], options_record_tail[], options_query[], options_export[],
    options_import[], options_help[];
