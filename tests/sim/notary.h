/* notary: remembers record signatures that were made or found good in this process, so that thousands of
 * simulated receivers need not verify one again. It works by itself, behind sign_record and verify_record
 * (core/id.h); what it does not know, libsodium judges. */
#pragma once

void notary_clear(void);
