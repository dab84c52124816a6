/* projector: the thread that takes the log into the view, as soon as the writer has committed. */
#pragma once

#include "hubd/hub.h"

enum err projector_new(struct hub *hub, struct projector **out);
void projector_stop(struct projector **projector);
/* The log has that size now. Any thread. */
void projector_signal(struct projector *projector, uint64_t log_size);
/* For how long the view has been behind the log; 0: it is not. */
uint64_t projector_lag_ms(struct projector *projector);
/* Why it stands still; E_OK: it does not. */
enum err projector_error(struct projector *projector);
uint64_t projector_beats(const struct projector *projector); /* goes up while the thread is alive */
