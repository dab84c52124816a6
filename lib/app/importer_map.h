/* importer_map: what a map says, and one row read through it. Private to the importer; the format is in
 * doc/IMPORT.md. */
#pragma once

#include <jansson.h>

#include "app/importer_table.h"

struct map {
    json_t *json;
    char name[256]; /* file, for errors */
};

/* path NULL: the built-in map of that table. E_NOT_FOUND, E_USAGE (file, line, what was expected), E_IO. */
enum err map_open(const char *path, const char *table, struct map *out);
void map_clear(struct map *map);
/* Every column that the map names must be in the table: E_USAGE otherwise. */
enum err map_check(const struct map *map, const struct table *table);
const char *map_text(const struct map *map, const char *member); /* "" when absent */

/* A template ("{column} and text", or a list of them: the first that is whole), filled in. "" when a column
 * is empty. */
void map_fill(const json_t *templates, const struct table *table, const struct row *row, struct buf *out);
/* Sets every path of `rules` ({path: VALUE}) in target. Words that no code fits are collected in leftover
 * ("column: words"). E_USAGE with the reason for which the row is refused. */
enum err map_apply(const struct map *map, const json_t *rules, const struct table *table,
                   const struct row *row, json_t *target, struct buf *leftover);
/* E_USAGE with the reason when a required column is empty. */
enum err map_require(const struct map *map, const struct table *table, const struct row *row);
/* Calls flag() with each reason for which this row is flagged. */
void map_flags(const struct map *map, const struct table *table, const struct row *row,
               void (*flag)(void *context, const char *reason), void *context);
