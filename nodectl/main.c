/* nodectl: one command a row; the row names the function that carries it out. */
#include <stdio.h>
#include <string.h>

#include "core/id.h"
#include "nodectl/cmd.h"

#define MANY 64 /* words of a query */

static const struct command commands[] = {
    { "init node", "begin", "", 0, 0, AT_NO_DAEMON, false, options_init_node, cmd_init_node,
      "make the home of a city's or a state's node",
      "Makes keys, the inception record, the store and a commented node.conf. Refuses when a home is there.",
      "nodectl init node --name us-oh-dayton --geoid 3921000 --title \"City of Dayton\"" },
    { "init hub", "begin", "", 0, 0, AT_NO_DAEMON, false, options_init_hub, cmd_init_hub,
      "make the home of the federal hub",
      "The origin is the log's name for ever: it outlives the office, so it names no agency.",
      "nodectl init hub --origin chancery.example/national \\\n"
      "        --title \"Office of City and State Diplomacy\"" },
    { "invite", "begin", "", 0, 0, AT_HUB, false, options_invite, cmd_invite,
      "make a token with which a node can join",
      "One line, to be used once. A token for a name admits by itself; one for nobody waits for an operator.",
      "nodectl invite --for us-oh-dayton --expires 72h\nnodectl invite --names cities.txt -o tsv > "
      "tokens.tsv" },
    { "invite ls", "begin", "", 0, 0, AT_HUB, false, options_list, cmd_invite_ls, "list the invites", "",
      "" },
    { "invite revoke", "begin", "ID", 1, 1, AT_HUB, false, options_dry_run, cmd_invite_revoke,
      "make an invite useless", "", "" },
    { "join", "begin", "[TOKEN | -]", 0, 1, AT_NODE, false, options_join, cmd_join,
      "enrol this node at a hub with a token",
      "Reads the token from standard input, where nobody else can see it, and waits until the hub has taken "
      "the node "
      "(--timeout, 60s).",
      "nodectl join < token.txt" },
    { "status", "look", "", 0, 0, AT_BOTH, false, options_status, cmd_status,
      "who am I, how far behind, what is wrong", "",
      "nodectl status --check\nnodectl status --json | jq .outbox" },
    { "peer ls", "look", "", 0, 0, AT_BOTH, false, options_peer_ls, cmd_peer_ls, "list the peers", "", "" },
    { "peer show", "look", "PEER", 1, 1, AT_BOTH, false, NULL, cmd_peer_show, "all about one peer",
      "PEER is a name, an author in hex, or the beginning of one.", "" },
    { "peer admit", "peers", "PEER", 1, 1, AT_HUB, false, options_dangerous, cmd_peer_admit,
      "admit a peer that is pending", "", "" },
    { "peer acknowledge", "peers", "PEER", 1, 1, AT_BOTH, false, options_dry_run, cmd_peer_acknowledge,
      "note a fork or refusal as seen: it alarms no more",
      "What was refused stays in 'nodectl peer show' as evidence. Without this a fork is critical for a "
      "week.",
      "" },
    { "peer suspend", "peers", "PEER", 1, 1, AT_HUB, false, options_peer_suspend, cmd_peer_suspend,
      "keep a peer from connecting, until it is resumed", "",
      "nodectl peer suspend us-oh-dayton --reason key_compromise" },
    { "peer resume", "peers", "PEER", 1, 1, AT_HUB, false, options_dry_run, cmd_peer_resume,
      "let a suspended peer in again", "", "" },
    { "peer rm", "peers", "PEER", 1, 1, AT_BOTH, false, options_dangerous, cmd_peer_rm,
      "remove a peer, or turn away one that waits",
      "At a hub its key is denied and its records stay. At a node the hub is no longer dialed.", "" },
    { "record add", "record", "", 0, 0, AT_BOTH, false, options_record_add, cmd_record_add,
      "record an engagement",
      "From options, or from JSON with -f: one statement, or one a line; options then change each of them. "
      "It is "
      "answered for once it is on the disk.",
      "nodectl record add --kind mission_outbound --title \"Trade mission to Kyoto\" \\\n"
      "        --partner Kyoto --country JP --start 2024-06 --theme trade-investment\n"
      "nodectl record add -f statements.jsonl" },
    { "record ls", "record", "", 0, 0, AT_BOTH, false, options_record_ls, cmd_record_ls,
      "list the records of a feed", "", "" },
    { "record show", "record", "REF", 1, 1, AT_BOTH, false, options_record_show, cmd_record_show,
      "one record, whole", "",
      "nodectl record show us-oh-dayton/42\nnodectl record show us-oh-dayton/42 --raw --json" },
    { "record amend", "record", "REF|ENGAGEMENT", 1, 1, AT_BOTH, false, options_record_amend,
      cmd_record_amend, "say anew what an engagement is",
      "Takes the current statement, changes what the options say, and appends the whole as a new record. The "
      "old one "
      "stays.",
      "nodectl record amend us-oh-dayton/42 --status ended --end 2024-09" },
    { "record retract", "record", "REF|ENGAGEMENT", 1, 1, AT_BOTH, false, options_record_retract,
      cmd_record_retract, "take back what was said about an engagement",
      "The old records stay, and so does the retraction.",
      "nodectl record retract us-oh-dayton/42 --reason duplicate" },
    { "record verify", "record", "REF", 1, 1, AT_BOTH, false, NULL, cmd_record_verify,
      "check signature, chain and place in the log", "Exit 9 when it does not verify.", "" },
    { "record tail", "record", "", 0, 0, AT_BOTH, false, options_record_tail, cmd_record_tail,
      "the last records, in order of arrival", "", "nodectl record tail --follow" },
    { "import", "tables", "FILE", 1, 1, AT_BOTH, false, options_import, cmd_import,
      "record the rows of a table",
      "Every row that is refused or flagged is named with its line and reason; exit 7 when some were "
      "refused. Safe to "
      "run twice, and to interrupt.",
      "nodectl import sister_relations.tsv\nnodectl import ours.csv --map ours.json --dry-run\nnodectl "
      "import exported.jsonl" },
    { "export", "tables", "[QUERY]", 0, MANY, AT_BOTH, true, options_export, cmd_export,
      "what stands now, whole", "",
      "nodectl export > all.jsonl\nnodectl export --format csv 'country:JP' > japan.csv" },
    { "query", "ask", "[QUERY]", 0, MANY, AT_HUB, true, options_query, cmd_query, "ask the national view",
      "'nodectl help query' tells the words.",
      "nodectl query 'country:JP,KR kind:mission_outbound since:2022'\nnodectl query kind:agreement "
      "--group-by state" },
    { "summary", "ask", "", 0, 0, AT_HUB, false, NULL, cmd_summary,
      "the national summary: totals, countries, kinds, states",
      "Counted from the statements that stand in the hub's view.", "nodectl summary --json > summary.json" },
    { "doctor", "look", "", 0, 0, AT_BOTH, false, NULL, cmd_doctor,
      "check clock, disk, keys, daemon, versions",
      "Each finding with what to do. Exit 8 when one is critical.", "" },
    { "completion", "more", "bash|zsh|fish", 1, 1, AT_NO_DAEMON, false, NULL, cmd_completion,
      "print a shell's completion script", "", "source <(nodectl completion bash)" },
    { "help", "more", "[COMMAND | TOPIC]", 0, 2, AT_NO_DAEMON, false, options_help, cmd_help,
      "say more about a command or topic", "Topics: exit refs query environment output.",
      "nodectl help record add" },
    { "version", "more", "", 0, 0, AT_NO_DAEMON, false, NULL, cmd_version, "which version this is", "", "" },
    { NULL, NULL, NULL, 0, 0, AT_NO_DAEMON, false, NULL, NULL, NULL, NULL, NULL },
};

/* Usage errors come before the options are known: whoever asked for JSON gets JSON. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], "--json", 6) == 0 || strcmp(argv[i], "-ojson") == 0)
            return true;
    return false;
}

static enum out_format format_of(const struct args *args)
{
    static const char *const words[] = { "table", "json", "jsonl", "tsv", "csv", "name" };
    const char *word = args_text(args, "output");
    for (int i = 0; word != NULL && i < 6; i++)
        if (strcmp(words[i], word) == 0)
            return (enum out_format)i;
    return args_flag(args, "jsonl") ? OUT_JSONL : args_flag(args, "json") ? OUT_JSON : OUT_TABLE;
}

static enum err run(struct ctl *ctl)
{
    if (ctl->args.command == NULL) {
        cmd_help_screen(ctl);
        return E_OK;
    }
    if (args_flag(&ctl->args, "help")) {
        cmd_help_page(ctl, ctl->args.command);
        return E_OK;
    }
    TRY(id_init());
    return ctl->args.command->run(ctl);
}

static int exit_of(const struct ctl *ctl, enum err err)
{
    if (cmd_interrupted())
        return EXIT_INTERRUPTED;
    return ctl->exit >= 0 ? ctl->exit : (int)errors_exit(err);
}

int main(int argc, char **argv)
{
    struct ctl ctl = { .commands = commands, .exit = -1 };
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        argv[1] = (char *)"version";
    cmd_descriptors();
    cmd_signals();
    enum err err = args_parse(commands, argc, argv, &ctl.args);
    out_init(&ctl.out, format_of(&ctl.args), args_flag(&ctl.args, "quiet"));
    if (err == E_OK)
        err = run(&ctl);
    if (err == E_OK)
        err = out_flush(&ctl.out);
    int exit = exit_of(&ctl, err);
    if (err != E_OK)
        errors_print(stderr, wants_json(argc, argv) || out_is_json(&ctl.out), ctl.doing, err, exit);
    cmd_clear(&ctl);
    return exit;
}
