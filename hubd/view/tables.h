/* tables: of the view's own database; the order of view_tables[] in view.c. All numbers in keys are
 * big-endian. */
#pragma once

enum view_table {
    VIEW_META,    /* "state" -> meta.h */
    VIEW_IDS,     /* engagement id[16] -> ordinal u32 */
    VIEW_WAITING, /* first byte of an id, ordinal u32 -> id[16]: those not yet among the above (names.h) */
    VIEW_ENGAGEMENTS, /* ordinal u32 -> standing.h */
    VIEW_ACCOUNTS,    /* ordinal u32, author u32 -> the account of one who is not the lead */
    VIEW_AUTHORS,     /* index u32 -> speakers.h */
    VIEW_NAMES,       /* admitted name -> index u32 */
    VIEW_POSTINGS,    /* postings.h */
};
