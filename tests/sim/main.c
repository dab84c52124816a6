/* sim: plays histories of many links of lib/core's sync machine between simulated processes, and looks after
 * every step whether an invariant broke. A seed is a history: the same seed gives the same one, to the byte.
 *
 *   sim --seed N [--trace]      one, with its whole trace
 *   sim --seeds FROM-TO         many; the first that breaks is shown
 *   sim --hours H [--seeds N-]  new seeds for so many hours
 *   sim --scenario NAME         a named one; --scenarios: all of them
 *   --mutant NAME               plants a fault: then it is right that a seed breaks, and "caught" is said
 *   --nodes N                   so many nodes, whatever the plan says
 *   --twice                     plays each twice, and compares
 *   --quiet                     no trace of what broke
 *
 * Exit status: 0 all held, 1 an invariant broke, 2 usage. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/id.h"
#include "notary.h"
#include "world.h"

struct wish {
    uint64_t from, to;
    double hours;
    unsigned nodes; /* 0: as planned */
    const struct scenario *scenario;
    bool all_scenarios, trace, twice, quiet;
    enum mutant mutant;
};

struct sum {
    uint64_t seeds, messages, records, deaths, dials, refusals, strikes, stale, virtual_ms;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *const shapes[SHAPE_COUNT] = { "star", "mesh", "tree" };

static void add_up(struct sum *sum, const struct world *world)
{
    sum->seeds++;
    sum->messages += world->messages;
    sum->records += world->records;
    sum->deaths += world->deaths;
    sum->refusals += world->refusals;
    sum->strikes += world->strikes;
    sum->stale += world->stale;
    sum->dials += world->dials;
    sum->virtual_ms += world->sched.now_ms;
}

/* Plays it once more, for the people: a history that broke can be seen again. */
static void show_broken(const struct plan *plan, const struct wish *wish, const struct scenario *scenario,
                        const char *why)
{
    struct world world;
    if (!wish->quiet && !wish->trace) {
        world_play(&world, plan, TRACE_LAST, stdout);
        trace_show(&world.trace);
        world_clear(&world);
    }
    if (scenario != NULL)
        printf("broken: scenario %s: %s\n", scenario->name, why);
    else
        printf("broken: seed %" PRIu64 " (%s): %s\nreplay: sim --seed %" PRIu64 " --trace\n", plan->seed,
               shapes[plan->shape], why, plan->seed);
}

static bool same_again(const struct plan *plan, const struct world *first)
{
    struct world second;
    world_play(&second, plan, TRACE_OFF, stdout);
    bool same = second.trace.digest == first->trace.digest && second.is_broken == first->is_broken;
    world_clear(&second);
    return same;
}

static bool play(const struct wish *wish, uint64_t seed, const struct scenario *scenario, struct sum *sum)
{
    struct plan plan;
    struct world world;
    plan_draw(seed, &plan);
    if (scenario != NULL)
        scenario->set(&plan);
    plan.mutant = wish->mutant;
    if (wish->nodes > 0)
        plan.nodes = wish->nodes;
    bool held = world_play(&world, &plan, wish->trace ? TRACE_ALL : TRACE_OFF, stdout);
    add_up(sum, &world);
    bool same = !wish->twice || same_again(&plan, &world);
    if (!held)
        show_broken(&plan, wish, scenario, world.why);
    if (!same)
        printf("broken: seed %" PRIu64 " gives two histories\n", seed);
    world_clear(&world);
    return held && same;
}

static bool play_scenarios(const struct wish *wish, struct sum *sum)
{
    bool held = true;
    const struct scenario *scenario;
    for (unsigned i = 0; (scenario = scenario_at(i)) != NULL; i++)
        held = play(wish, scenario->seed, scenario, sum) && held;
    return held;
}

static bool play_all(const struct wish *wish, struct sum *sum)
{
    double until = now_s() + wish->hours * 3600;
    if (wish->scenario != NULL)
        return play(wish, wish->scenario->seed, wish->scenario, sum);
    if (wish->all_scenarios)
        return play_scenarios(wish, sum);
    for (uint64_t seed = wish->from; wish->hours > 0 ? now_s() < until : seed <= wish->to; seed++)
        if (!play(wish, seed, NULL, sum))
            return false;
    return true;
}

static void report(const struct sum *sum, double seconds)
{
    printf("%" PRIu64 " histories, %.1f virtual hours, %" PRIu64 " records, %" PRIu64 " dials, %" PRIu64
           " deaths, %" PRIu64 " refusals, %" PRIu64 " strikes, %" PRIu64 " late messages; %" PRIu64
           " messages in %.1f s: %.0f a second\n",
           sum->seeds, (double)sum->virtual_ms / 3.6e6, sum->records, sum->dials, sum->deaths, sum->refusals,
           sum->strikes, sum->stale, sum->messages, seconds, (double)sum->messages / seconds);
}

static int usage(void)
{
    fprintf(stderr, "usage: sim [--seed N | --seeds FROM-TO | --hours H | --scenario NAME | --scenarios]\n"
                    "           [--nodes N] [--mutant NAME] [--trace] [--twice] [--quiet]\nmutants:");
    for (enum mutant m = MUTANT_NONE + 1; m < MUTANT_COUNT; m++)
        fprintf(stderr, " %s", mutant_name(m));
    fprintf(stderr, "\nscenarios:\n");
    for (unsigned i = 0; scenario_at(i) != NULL; i++)
        fprintf(stderr, "  %-10s %s\n", scenario_at(i)->name, scenario_at(i)->what);
    return 2;
}

static bool take_seeds(struct wish *wish, const char *text)
{
    char *end;
    wish->from = strtoull(text, &end, 10);
    wish->to = wish->from;
    if (*end == '-' && end[1] != 0)
        wish->to = strtoull(end + 1, &end, 10);
    else if (*end == '-')
        end++;
    return end != text && *end == 0;
}

static bool take_option(struct wish *wish, int option)
{
    switch (option) {
    case 's':
        return take_seeds(wish, optarg);
    case 'h':
        wish->hours = strtod(optarg, NULL);
        return wish->hours > 0;
    case 'c':
        wish->nodes = (unsigned)strtoul(optarg, NULL, 10);
        return wish->nodes > 0 && wish->nodes <= 100000;
    case 'n':
        return (wish->scenario = scenario_find(optarg)) != NULL;
    case 'a':
        return wish->all_scenarios = true;
    case 'm':
        return (wish->mutant = mutant_find(optarg)) != MUTANT_COUNT;
    case 't':
        return wish->trace = true;
    case '2':
        return wish->twice = true;
    case 'q':
        return wish->quiet = true;
    case 'l':
        for (enum mutant m = MUTANT_NONE + 1; m < MUTANT_COUNT; m++)
            printf("%s\n", mutant_name(m));
        exit(0);
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "seed", required_argument, NULL, 's' },   { "seeds", required_argument, NULL, 's' },
        { "hours", required_argument, NULL, 'h' },  { "scenario", required_argument, NULL, 'n' },
        { "scenarios", no_argument, NULL, 'a' },    { "nodes", required_argument, NULL, 'c' },
        { "mutant", required_argument, NULL, 'm' }, { "trace", no_argument, NULL, 't' },
        { "twice", no_argument, NULL, '2' },        { "quiet", no_argument, NULL, 'q' },
        { "mutants", no_argument, NULL, 'l' },      { NULL, 0, NULL, 0 },
    };
    struct wish wish = { .from = 1, .to = 100 };
    struct sum sum = { 0 };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        if (!take_option(&wish, option))
            return usage();
    if (optind < argc || id_init() != E_OK)
        return usage();
    double began = now_s();
    bool held = play_all(&wish, &sum);
    report(&sum, now_s() - began);
    notary_clear();
    return held ? 0 : 1;
}
