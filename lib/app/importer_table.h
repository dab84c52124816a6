/* importer_table: a CSV or TSV file as rows of text cells. Private to the importer. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct row {
    size_t line;
    char **cells; /* as many as the header has; never NULL */
};

struct table {
    struct buf file;
    char **header;
    size_t columns;
    struct row *rows;
    size_t count;
    size_t refused;
};

typedef void table_refuse(void *context, size_t line, const char *reason);

/* Reads a file of at most 256 MiB. Rows that are no rows of this header (another number of columns, broken
 * UTF-8, a NUL, a cell past MAX_CSV_FIELD_BYTES) are given to refuse() and counted. E_NOT_FOUND, E_IO,
 * E_TOO_BIG, E_USAGE (no header, or one that is no row itself; a column twice; quotes that do not close). */
enum err table_read(const char *path, bool tsv, table_refuse *refuse, void *context, struct table *out);
void table_clear(struct table *table);
/* Index of a column; table->columns when there is none. */
size_t table_column(const struct table *table, const char *name);
