/* selection: a query's answer as sets of ordinals, one piece at a time: algebra over postings, and a look
 * into engagements only for what postings cannot tell (phrases, and dates finer than a year).
 *
 * Such looks are bounded: past the budget a call ends with E_TOO_BIG and says what would narrow the question.
 */
#pragma once

#include "hubd/view/postings.h"
#include "hubd/view/query.h"
#include "hubd/view/standing.h"
#include "hubd/view/view_private.h"

#define LOOK_BUDGET 1600000U /* of one call */
#define COST_OF_ROW 1U
#define COST_OF_STATEMENT 8U

struct selection;

/* All are the caller's and outlive it. E_CORRUPT. */
enum err selection_new(struct snapshot *snapshot, const struct query *query, struct selection **out);
void selection_free(struct selection **selection);
/* The ordinals of that piece; caller frees. E_TOO_BIG, E_CORRUPT. */
enum err selection_piece(struct selection *selection, uint32_t number, struct piece **out);
/* How many pieces the view has. */
uint32_t selection_pieces(const struct selection *selection);

/* Takes cost off the budget. E_TOO_BIG when it is used up; what: "the phrase", "sorting by title". */
enum err selection_spend(struct selection *selection, unsigned cost, const char *what);
