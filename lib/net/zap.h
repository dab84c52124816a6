/* zap: who may connect. One handler thread a process at inproc://zeromq.zap.01, on an in-memory set of CURVE
 * keys.
 *
 * It fails closed: a domain it does not know, a mechanism other than CURVE, a key outside the set are
 * refused, and the listening sockets demand a handler (ZMQ_ZAP_ENFORCE_DOMAIN), so that nobody gets in when
 * it is gone. The User-Id that messages carry is the key in lower-case hex. */
#pragma once

#include "base/err.h"
#include "core/id.h"

struct zap;

/* Starts the handler; after net_init and before any server socket. E_EXISTS when the process has one already,
 * E_IO. */
enum err zap_new(struct zap **out);
/* From then on nobody gets in; who is in stays. */
void zap_free(struct zap **zap);

/* A set of keys under a domain ("peers", "control"; at most 31 bytes, 8 domains). Thread-safe. expires_ms
 * (wall) 0 = never. Allowing a key again changes its expiry. A key that is denied again, or expires, cannot
 * connect any more; connections that it has stay, so whoever reads from them asks zap_is_allowed. */
void zap_allow(struct zap *zap, const char *domain, const struct key *key, uint64_t expires_ms);
void zap_deny(struct zap *zap, const char *domain, const struct key *key);
bool zap_is_allowed(struct zap *zap, const char *domain, const struct key *key);
/* Handshakes so far. */
void zap_counts(struct zap *zap, uint64_t *accepted, uint64_t *refused);
