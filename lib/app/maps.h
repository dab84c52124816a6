/* maps: the built-in import maps (lib/app/maps/NAME.json), as texts in the program. */
#pragma once

struct map_text {
    const char *name;
    const char *text;
};

extern const struct map_text built_in_maps[]; /* ends with a NULL name */
