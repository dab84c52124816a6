/* hostile: a peer that does one wrong thing to a hub, and says what the hub answered. For bad_input.bats. */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc < 2)
        fprintf(stderr, "usage: hostile MISDEED HOME ENDPOINT HUB-KEY\n");
    return 2;
}
