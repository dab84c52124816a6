#include "hubd/upkeep.h"

#include "base/log.h"

unsigned upkeep_reap(struct hub *hub)
{
    unsigned dead = db_reap_readers(store_db(hub->store)) + view_reap_readers(hub->view);
    if (dead > 0)
        log_warn("readers=%u msg=\"processes that read the store died, and had kept its pages\"", dead);
    return dead;
}

bool upkeep_contacts(struct write *write)
{
    AUTO(free_ptr) struct member_contact *contacts = mem_alloc(UPKEEP_CONTACTS * sizeof *contacts);
    size_t count = members_unkept(write->hub->members, contacts, UPKEEP_CONTACTS);
    for (size_t i = 0; i < count; i++) {
        uint8_t value[8];
        put_u64(value, contacts[i].time_ms);
        store_put(write->txn, STORE_MARKS, BYTES(contacts[i].author.b), BYTES(value));
    }
    return count == UPKEEP_CONTACTS;
}
