#include "fleet.h"

enum err fleet_import_identities(struct fleet *fleet)
{
    (void)fleet;
    return E_OK;
}

enum err fleet_load_import(struct fleet *fleet)
{
    (void)fleet;
    return E_OK;
}
