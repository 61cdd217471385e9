/* The first byte of fuzz_frame's input chooses one of these link types; add at the end. */
static const int frame_links[] = {1, 113, 276, 101, 12, 14, 228, 229, 0, 108, 9, 50, 51, 147};
