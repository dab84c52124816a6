/* A table, read by the built-in map of sister relations: its first byte says of what format. Or a map, over a
 * table of one row. Every row must be accounted for. */
#include <string.h>

#include "app/importer.h"
#include "app/maps.h"
#include "memory_file.h"

static const char *built_in(const char *name)
{
    for (const struct map_text *map = built_in_maps; map->name != NULL; map++)
        if (strcmp(map->name, name) == 0)
            return map->text;
    abort();
}

struct seen {
    size_t refused, flagged;
};

static void count_problem(void *context, const struct import_problem *problem)
{
    struct seen *seen = context;
    MUST(problem->line > 0 && problem->reason != NULL);
    seen->refused += problem->refused;
    seen->flagged += !problem->refused;
}

static void read_all(struct importer *importer, bool listen_early)
{
    struct import_statement statement;
    struct seen seen = { 0 };
    size_t rows = 0;
    if (listen_early)
        importer_problems(importer, count_problem, &seen);
    while (importer_next(importer, &statement) == E_OK) {
        MUST(statement.rows > 0 && statement.lines[0] > 0 && statement.key[0] != 0);
        rows += statement.rows;
    }
    if (!listen_early)
        importer_problems(importer, count_problem, &seen);
    struct import_counts counts = importer_counts(importer);
    MUST(counts.accepted == rows);
    MUST(counts.read == counts.accepted + counts.refused);
    MUST(counts.refused == seen.refused && counts.flagged <= seen.flagged);
}

static void import(const char *table, const char *format, const char *map, bool listen_early)
{
    struct importer *importer;
    enum err err = importer_open(table, format, map, NULL, &importer);
    MUST(err == E_OK || err == E_USAGE || err == E_TOO_BIG);
    MUST((err == E_OK) == (importer != NULL));
    if (err == E_OK)
        read_all(importer, listen_early);
    importer_free(&importer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = { "csv", "tsv", "jsonl" };
    static const char row[] = "a,b,c,day\n1,Dayton,Japan,2024-05\n";
    if (size == 0)
        return 0;
    unsigned mode = data[0] % 4;
    const char *sisters = built_in("sister_relations");
    struct memory_file file = memory_file_of(data + 1, size - 1);
    struct memory_file fixed =
        mode == 3 ? memory_file_of(row, strlen(row)) : memory_file_of(sisters, strlen(sisters));
    if (mode == 3)
        import(fixed.path, "csv", file.path, true);
    else
        import(file.path, formats[mode], fixed.path, data[0] & 4);
    memory_file_close(&file);
    memory_file_close(&fixed);
    return 0;
}
